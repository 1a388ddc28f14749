#include "client/tool/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace leat::tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimestampMs kNow = 1'767'225'600'000;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    ::unsetenv("LEAT_SERVER");
    ::unsetenv("LEAT_OUTPUT");
  }
  ~CommandLineTest() override {
    ::unsetenv("LEAT_SERVER");
    ::unsetenv("LEAT_OUTPUT");
  }

  static GlobalOptions global(const std::vector<std::string>& arguments) {
    return std::get<CommandLine>(understood(arguments)).global;
  }
  template <class C>
  static C command(const std::vector<std::string>& arguments) {
    return std::get<C>(std::get<CommandLine>(understood(arguments)).command);
  }
  static EarlyExit early_exit(const std::vector<std::string>& arguments) {
    auto parsed = parse_command_line(arguments, kNow);
    EXPECT_TRUE(std::holds_alternative<EarlyExit>(parsed));
    return std::holds_alternative<EarlyExit>(parsed) ? std::get<EarlyExit>(parsed) : EarlyExit{};
  }

 private:
  static std::variant<CommandLine, EarlyExit> understood(const std::vector<std::string>& arguments) {
    auto parsed = parse_command_line(arguments, kNow);
    if (const auto* early = std::get_if<EarlyExit>(&parsed)) ADD_FAILURE() << early->text;
    return parsed;
  }
};

TEST_F(CommandLineTest, GlobalOptionsStandBeforeOrBehindTheCommand) {
  EXPECT_EQ(global({"topic", "list"}).server, "leat://127.0.0.1:7420");
  EXPECT_EQ(global({"--server", "leat://h:1", "topic", "list"}).server, "leat://h:1");
  EXPECT_EQ(global({"topic", "list", "--server", "leat://h:1"}).server, "leat://h:1");
  EXPECT_EQ(global({"sub", "t", "-o", "json"}).output, OutputFormat::json);
  EXPECT_TRUE(global({"pub", "t", "m", "--quiet"}).quiet);
}

TEST_F(CommandLineTest, AFlagWinsOverTheEnvironmentAndThatOverTheDefault) {
  ::setenv("LEAT_SERVER", "leat://env:1", 1);
  ::setenv("LEAT_OUTPUT", "json", 1);
  EXPECT_EQ(global({"topic", "list"}).server, "leat://env:1");
  EXPECT_EQ(global({"topic", "list"}).output, OutputFormat::json);
  EXPECT_EQ(global({"topic", "list", "--server", "leat://flag:2", "-o", "table"}).server, "leat://flag:2");
  EXPECT_EQ(global({"topic", "list", "--server", "leat://flag:2", "-o", "table"}).output, OutputFormat::table);
}

TEST_F(CommandLineTest, ACommandThatThereIsNotIsNamed) {
  EXPECT_THAT(early_exit({"bogus"}).text, HasSubstr("there is no command bogus (see leat --help)"));
  EXPECT_THAT(early_exit({"topic", "bogus"}).text, HasSubstr("there is no command bogus (see leat topic --help)"));
  EXPECT_THAT(early_exit({"topic"}).text, HasSubstr("a command is missing"));
}

TEST_F(CommandLineTest, AWrongEnvironmentIsRefused) {
  ::setenv("LEAT_OUTPUT", "xml", 1);
  EXPECT_EQ(early_exit({"topic", "list"}).code, ExitCode::usage);
}

TEST_F(CommandLineTest, TopicCreateTakesPartitionsAndSettings) {
  const auto spec = command<TopicCreate>({"topic", "create", "orders", "--partitions", "8", "-c", "a=1", "-c", "b=x=y"}).spec;
  EXPECT_EQ(spec.name, "orders");
  EXPECT_EQ(spec.partitions, 8);
  EXPECT_THAT(spec.settings, ElementsAre(Setting{"a", "1", false}, Setting{"b", "x=y", false}));
}

TEST_F(CommandLineTest, ANumberOutOfRangeIsToldTheRange) {
  EXPECT_THAT(early_exit({"topic", "create", "t", "--partitions", "0"}).text, HasSubstr("0 not in range 1 to 2147483647"));
  EXPECT_THAT(early_exit({"pub", "t", "m", "-p", "-1"}).text, HasSubstr("-1 not in range 0 to 2147483647"));
  EXPECT_THAT(early_exit({"sub", "t", "-n", "0"}).text, HasSubstr("0 not in range 1 to 9223372036854775807"));
}

TEST_F(CommandLineTest, ATimeWithoutItsAtSignIsRecognised) {
  EXPECT_THAT(early_exit({"sub", "t", "2026-01-01T00:00:00Z"}).text, HasSubstr("as in @2026-01-01T00:00:00Z"));
}

TEST_F(CommandLineTest, ASettingDoesNotSwallowTheName) {
  const auto spec = command<TopicAlter>({"topic", "alter", "-c", "a=1", "orders"}).spec;
  EXPECT_EQ(spec.name, "orders");
  EXPECT_EQ(spec.partitions, 0);
}

TEST_F(CommandLineTest, TheOtherTopicCommandsTakeAName) {
  EXPECT_EQ(command<TopicDescribe>({"topic", "describe", "orders"}).name, "orders");
  EXPECT_EQ(command<TopicDelete>({"topic", "delete", "list"}).name, "list");
  command<TopicList>({"topic", "list"});
}

TEST_F(CommandLineTest, PubTakesMessagesAsTheyAre) {
  const auto pub = command<Pub>({"pub", "sub", "[1,2]", "{}", "", "topic", "%%", "a,b", "--", "-5", "--", "-k"});
  EXPECT_EQ(pub.topic, "sub");
  EXPECT_THAT(pub.messages, ElementsAre("[1,2]", "{}", "", "topic", "%%", "a,b", "-5", "--", "-k"));
}

TEST_F(CommandLineTest, ANegativeNumberIsAMessage) { EXPECT_THAT(command<Pub>({"pub", "t", "-5"}).messages, ElementsAre("-5")); }

TEST_F(CommandLineTest, PubDefaults) {
  const auto pub = command<Pub>({"pub", "orders"});
  EXPECT_TRUE(pub.messages.empty());
  EXPECT_EQ(pub.key, std::nullopt);
  EXPECT_EQ(pub.partition, std::nullopt);
  EXPECT_EQ(pub.key_delimiter, "");
  EXPECT_FALSE(pub.timestamp_prefix);
  EXPECT_TRUE(pub.create_topic);
  EXPECT_EQ(pub.codec, Codec::none);
  EXPECT_EQ(pub.ack, AckLevel::durable);
}

TEST_F(CommandLineTest, PubTakesItsFlags) {
  const auto pub = command<Pub>({"pub", "orders", "-K", "\\t", "-H", "a=1", "-H", "b==", "-p", "0", "-z", "zstd", "--ack",
                                 "written", "--timestamp-prefix", "--no-create", "message"});
  EXPECT_EQ(pub.key_delimiter, "\t");
  ASSERT_EQ(pub.headers.size(), 2U);
  EXPECT_EQ(pub.headers[1].name + "|" + pub.headers[1].value, "b|=");
  EXPECT_EQ(pub.partition, PartitionId(0));
  EXPECT_EQ(pub.codec, Codec::zstd);
  EXPECT_EQ(pub.ack, AckLevel::written);
  EXPECT_TRUE(pub.timestamp_prefix);
  EXPECT_FALSE(pub.create_topic);
  EXPECT_THAT(pub.messages, ElementsAre("message"));
}

TEST_F(CommandLineTest, AKeyMayBeAnything) {
  EXPECT_EQ(command<Pub>({"pub", "t", "-k", "-5"}).key, "-5");
  EXPECT_EQ(command<Pub>({"pub", "t", "-k", "[1,2]"}).key, "[1,2]");
  EXPECT_EQ(command<Pub>({"pub", "t", "-k", ""}).key, "");
  EXPECT_EQ(command<Pub>({"pub", "t", "-kx"}).key, "x");
}

TEST_F(CommandLineTest, SubBeginsAtTheEndUnlessTold) {
  const auto sub = command<Sub>({"sub", "orders"});
  EXPECT_THAT(sub.topics, ElementsAre("orders"));
  EXPECT_EQ(sub.range, (OffsetRange{{Position::Kind::before_end, 0}, {}}));
  EXPECT_FALSE(sub.count || sub.partition || sub.exit_at_end || sub.format);
}

TEST_F(CommandLineTest, SubTakesAnOffsetThatBeginsWithADash) {
  EXPECT_EQ(command<Sub>({"sub", "orders", "-10"}).range.begin, (Position{Position::Kind::before_end, 10}));
  EXPECT_EQ(command<Sub>({"sub", "orders", "-n", "5", "-10:end", "-e"}).range.begin, (Position{Position::Kind::before_end, 10}));
  EXPECT_EQ(command<Sub>({"sub", "orders", "--", "-10"}).range.begin, (Position{Position::Kind::before_end, 10}));
  EXPECT_EQ(command<Sub>({"sub", "orders", "@-1h"}).range.begin, (Position{Position::Kind::time, kNow - 3'600'000}));
}

TEST_F(CommandLineTest, SubTakesItsFlags) {
  const auto sub = command<Sub>({"sub", "a,b,a", "start", "-p", "2", "-n", "7", "-e", "-f", "%v\\n"});
  EXPECT_THAT(sub.topics, ElementsAre("a", "b"));
  EXPECT_EQ(sub.partition, PartitionId(2));
  EXPECT_EQ(sub.count, 7U);
  EXPECT_TRUE(sub.exit_at_end);
  EXPECT_TRUE(sub.format.has_value());
}

TEST_F(CommandLineTest, BenchDefaultsDependOnItsKind) {
  const auto pub = command<Bench>({"bench", "pub", "load"});
  EXPECT_EQ(pub.kind, BenchKind::pub);
  EXPECT_EQ(pub.records, 1'000'000U);
  EXPECT_EQ(pub.warmup_records, 10'000U);
  EXPECT_EQ(pub.in_flight, 5000U);
  EXPECT_EQ(pub.rate, std::nullopt);
  const auto e2e = command<Bench>({"bench", "e2e", "load"});
  EXPECT_EQ(e2e.records, 100'000U);
  EXPECT_EQ(e2e.rate, 10'000.0);
  EXPECT_EQ(command<Bench>({"bench", "sub", "load"}).warmup_records, 0U);
}

TEST_F(CommandLineTest, BenchTakesItsFlags) {
  const auto bench =
      command<Bench>({"bench", "pub",    "load", "--records", "50",    "--size", "100", "--producers", "4",  "--in-flight",
                      "9",     "--rate", "2.5",  "--spread",  "--ack", "none",   "-z",  "lz4",         "-o", "json"});
  EXPECT_EQ(bench.records, 50U);
  EXPECT_EQ(bench.warmup_records, 5U);
  EXPECT_EQ(bench.size_bytes, 100U);
  EXPECT_EQ(bench.producers, 4U);
  EXPECT_EQ(bench.in_flight, 9U);
  EXPECT_EQ(bench.rate, 2.5);
  EXPECT_TRUE(bench.spread);
  EXPECT_EQ(bench.ack, AckLevel::none);
  EXPECT_EQ(bench.codec, Codec::lz4);
}

TEST_F(CommandLineTest, AFanIsClosedLoopUnlessGivenARateWhichMayBeZero) {
  const auto fan = command<Bench>({"bench", "fan", "load", "--subscribers", "7", "--seconds", "2.5"});
  EXPECT_EQ(fan.kind, BenchKind::fan);
  EXPECT_EQ(fan.subscribers, 7U);
  EXPECT_EQ(fan.seconds, 2.5);
  EXPECT_EQ(fan.rate, std::nullopt);
  EXPECT_EQ(command<Bench>({"bench", "fan", "load", "--rate", "0"}).rate, 0.0);
}

TEST_F(CommandLineTest, SubByWebSocketGoesToHttpsPortOfTheSameHost) {
  EXPECT_EQ(global({"sub", "t", "--ws"}).server, "ws://127.0.0.1:7421");
  EXPECT_EQ(global({"sub", "t", "--ws", "--server", "leat://[::1]:9"}).server, "ws://[::1]:7421");
  EXPECT_EQ(global({"sub", "t", "--ws", "--server", "ws://h:80/leat"}).server, "ws://h:80/leat");
}

TEST_F(CommandLineTest, PubByHttpTakesTheHeadersThatHttpHas) {
  const auto pub = command<Pub>({"pub", "t", "m", "--http", "-H", "content-type=text/plain", "-H", "ce_id=1", "-k", "k"});
  EXPECT_TRUE(pub.by_http);
  EXPECT_EQ(pub.headers.size(), 2U);
  EXPECT_FALSE(command<Pub>({"pub", "t", "m"}).by_http);
}

TEST_F(CommandLineTest, EventsAreAnOutputOfRecordsOnly) {
  EXPECT_EQ(global({"sub", "t", "-o", "cloudevents"}).output, OutputFormat::cloudevents);
  EXPECT_THAT(early_exit({"topic", "list", "-o", "cloudevents"}).text, HasSubstr("for leat sub"));
}

TEST_F(CommandLineTest, SaysThatThereIsNoTlsYet) {
  EXPECT_THAT(early_exit({"topic", "list", "--server", "wss://h"}).text, HasSubstr("TLS, which is not built in yet"));
}

TEST_F(CommandLineTest, EveryCommandHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> commands{{"topic", "create"},
                                                       {"topic", "list"},
                                                       {"topic", "describe"},
                                                       {"topic", "delete"},
                                                       {"topic", "alter"},
                                                       {"pub"},
                                                       {"sub"},
                                                       {"bench"},
                                                       {}};
  for (auto arguments : commands) {
    std::string path = "leat";
    for (const auto& word : arguments) path += " " + word;
    arguments.emplace_back("--help");
    const auto help = early_exit(arguments);
    EXPECT_EQ(help.code, ExitCode::done);
    EXPECT_THAT(help.text, HasSubstr("Usage: " + path + " "));
    EXPECT_THAT(help.text, HasSubstr("Example"));
  }
}

TEST_F(CommandLineTest, HelpDocumentsTheExitCodes) { EXPECT_THAT(early_exit({"--help"}).text, HasSubstr("3  cannot connect")); }

TEST_F(CommandLineTest, SaysItsVersion) {
  EXPECT_EQ(early_exit({"--version"}).code, ExitCode::done);
  EXPECT_THAT(early_exit({"--version"}).text, testing::MatchesRegex("leat [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

class Misuse : public CommandLineTest, public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(Misuse, IsOneLineThatPointsToTheHelp) {
  const auto refusal = early_exit(GetParam());
  EXPECT_EQ(refusal.code, ExitCode::usage);
  EXPECT_THAT(refusal.text, testing::StartsWith("leat: "));
  EXPECT_THAT(refusal.text, HasSubstr("--help"));
  EXPECT_EQ(refusal.text.find('\n'), refusal.text.size() - 1);
}

using Arguments = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(OfTheRoot, Misuse,
                         testing::Values(Arguments{}, Arguments{"frobnicate"}, Arguments{"--frobnicate"},
                                         Arguments{"-x", "topic", "list"}, Arguments{"-o", "xml", "topic", "list"},
                                         Arguments{"--server"}, Arguments{"--server", "http://h", "topic", "list"},
                                         Arguments{"--server", "leat://h:99999", "topic", "list"},
                                         Arguments{"--", "topic", "list"}));

INSTANTIATE_TEST_SUITE_P(OfTopic, Misuse,
                         testing::Values(Arguments{"topic"}, Arguments{"topic", "frobnicate"}, Arguments{"topic", "create"},
                                         Arguments{"topic", "create", "a", "b"},
                                         Arguments{"topic", "create", "a", "-c", "novalue"},
                                         Arguments{"topic", "create", "a", "-c", "=v"},
                                         Arguments{"topic", "create", "a", "--partitions", "0"},
                                         Arguments{"topic", "create", "a", "--partitions", "many"},
                                         Arguments{"topic", "list", "a"}, Arguments{"topic", "alter", "a"},
                                         Arguments{"topic", "delete"}, Arguments{"topic", "delete", "a", "-c", "a=1"}));

INSTANTIATE_TEST_SUITE_P(OfPub, Misuse,
                         testing::Values(Arguments{"pub"}, Arguments{"pub", "t", "--frobnicate"}, Arguments{"pub", "t", "-x"},
                                         Arguments{"pub", "t", "-H", "novalue", "m"}, Arguments{"pub", "t", "-p", "-1"},
                                         Arguments{"pub", "t", "-p", "x"}, Arguments{"pub", "t", "-p", "99999999999"},
                                         Arguments{"pub", "t", "-z", "brotli"}, Arguments{"pub", "t", "--ack", "maybe"},
                                         Arguments{"pub", "t", "-k", "a", "-K", ":"}, Arguments{"pub", "t", "-K", "\\q"},
                                         Arguments{"pub", "t", "-K", ""}, Arguments{"pub", "t", "-k"},
                                         Arguments{"pub", "t", "--http", "-z", "zstd"},
                                         Arguments{"pub", "t", "--http", "-H", "a=b"},
                                         Arguments{"pub", "t", "--http", "-H", "ce_A=b"},
                                         Arguments{"pub", "t", "--http", "-H", "ce_=b"},
                                         Arguments{"pub", "t", "--http", "-H", "content-type=a\r\nb: c"},
                                         Arguments{"pub", "t", "--http", "--timestamp-prefix"}));

INSTANTIATE_TEST_SUITE_P(OfSub, Misuse,
                         testing::Values(Arguments{"sub"}, Arguments{"sub", "t", "start", "end"},
                                         Arguments{"sub", "t", "yesterday"}, Arguments{"sub", "t", "200:100"},
                                         Arguments{"sub", "t", "-x"}, Arguments{"sub", "t", "-10x"},
                                         Arguments{"sub", "t", "-n", "0"}, Arguments{"sub", "t", "-n", "-5"},
                                         Arguments{"sub", "t", "-f", "%q"}, Arguments{"sub", "t", "-f", "%"},
                                         Arguments{"sub", ""}, Arguments{"sub", "a,,b"}, Arguments{"sub", "a,"},
                                         Arguments{"sub", ",a"}, Arguments{"sub", ","}, Arguments{"sub", "t", "2026-01-01"},
                                         Arguments{"topic", "create", ""}, Arguments{"topic", "describe", ""},
                                         Arguments{"topic", "delete", ""}, Arguments{"topic", "alter", "", "-c", "a=1"},
                                         Arguments{"pub", ""}, Arguments{"bench", "pub", ""}, Arguments{"sub", "t", "-p", "-1"}));

INSTANTIATE_TEST_SUITE_P(
    OfBench, Misuse,
    testing::Values(Arguments{"bench"}, Arguments{"bench", "pub"}, Arguments{"bench", "all", "t"},
                    Arguments{"bench", "pub", "t", "u"}, Arguments{"bench", "pub", "t", "--size", "0"},
                    Arguments{"bench", "pub", "t", "--rate", "0"}, Arguments{"bench", "pub", "t", "--rate", "nan"},
                    Arguments{"bench", "fan", "t", "--seconds", "-NaN"}, Arguments{"bench", "pub", "t", "--records", "-1"},
                    Arguments{"bench", "pub", "t", "--producers", "0"}, Arguments{"bench", "sub", "t", "--size", "5"},
                    Arguments{"bench", "e2e", "t", "--size", "15"}, Arguments{"bench", "e2e", "t", "--producers", "2"},
                    Arguments{"bench", "e2e", "t", "--rate", "0"}, Arguments{"bench", "e2e", "t", "--spread"},
                    Arguments{"bench", "pub", "t", "--subscribers", "2"}, Arguments{"bench", "fan", "t", "--size", "15"},
                    Arguments{"bench", "fan", "t", "--records", "2"}, Arguments{"bench", "fan", "t", "--subscribers", "0"},
                    Arguments{"bench", "pub", "t", "--warmup", "18446744073709551615"},
                    Arguments{"bench", "e2e", "t", "--records", "9223372036854775807", "--warmup", "1"},
                    Arguments{"bench", "fan", "t", "--seconds", "0"}));

}  // namespace
}  // namespace leat::tool
