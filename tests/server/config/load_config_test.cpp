#include "server/config/load_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config/config_file.hpp"
#include "server/scratch_directory.hpp"

namespace leat::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class LoadConfig : public testing::Test {
 protected:
  void file(const std::string& text) { sources_.file_path = directory_.write("leatd.toml", text); }
  void variable(const std::string& definition) { sources_.environment.push_back(definition); }
  void flag(const std::string& path, const std::string& value, const std::string& name) {
    sources_.flags.push_back({path, value, name});
  }
  ServerConfig load() {
    auto config = load_config(sources_);
    if (config.has_error()) ADD_FAILURE() << config.error().message();
    return config.has_value() ? config.value() : ServerConfig();
  }
  std::string fault() {
    const auto config = load_config(sources_);
    return config.has_error() ? config.error().context : "no fault";
  }
  std::string fault_of_file(const std::string& text) {
    file(text);
    return fault();
  }

  ScratchDirectory directory_;
  ConfigSources sources_;
};

TEST_F(LoadConfig, NothingGivenIsTheDefaultsOnLoopback) {
  const ServerConfig config = load();
  EXPECT_EQ(config.listen.native, "127.0.0.1:7420");
  EXPECT_EQ(config.data_dir, "leat-data");
  EXPECT_FALSE(config.insecure_anonymous);
  EXPECT_EQ(config.limits.frame_bytes_max, 8U << 20U);
  EXPECT_EQ(config.storage.segment_bytes, 256U << 20U);
  EXPECT_EQ(config.topic_defaults.retention_ms, -1);
}

TEST_F(LoadConfig, AllowedOriginsAreWrittenAsBrowsersDo) {
  file("[http]\nallowed_origins = \"https://shop.example  http://127.0.0.1:8080 *\"\n");
  EXPECT_EQ(fault(), "no fault");
  for (const std::string wrong :
       {"shop.example", "http://shop.example/", "ftp://shop.example", "http://a,http://b", "https://*.shop.example"}) {
    file("[http]\nallowed_origins = \"https://shop.example " + wrong + "\"\n");
    EXPECT_THAT(fault(), ::testing::HasSubstr("\"" + wrong + "\" is no origin"));
  }
}

TEST_F(LoadConfig, AFileSetsEveryKindOfValue) {
  file(R"(
data_dir = "/srv/leat"
insecure_anonymous = true
[listen]
native = "0.0.0.0:9000"
[log]
level = "debug"
format = "json"
[limits]
threads = 3
frame_bytes_max = 1048576
handshake_timeout_ms = "5s"
[storage]
journal_file_bytes = "128MiB"
[topic_defaults]
"retention.ms" = "7d"
"max.message.bytes" = 65536
durability = "os"
)");
  const ServerConfig config = load();
  EXPECT_EQ(config.data_dir, "/srv/leat");
  EXPECT_TRUE(config.insecure_anonymous);
  EXPECT_EQ(config.listen.native, "0.0.0.0:9000");
  EXPECT_EQ(config.log.level, LogLevel::debug);
  EXPECT_EQ(config.log.format, LogFormat::json);
  EXPECT_EQ(config.limits.threads, 3U);
  EXPECT_EQ(config.limits.frame_bytes_max, 1'048'576U);
  EXPECT_EQ(config.limits.handshake_timeout_ms, 5'000);
  EXPECT_EQ(config.storage.journal_file_bytes, 128U << 20U);
  EXPECT_EQ(config.topic_defaults.retention_ms, 604'800'000);
  EXPECT_EQ(config.topic_defaults.max_message_bytes, 65'536U);
  EXPECT_EQ(config.topic_defaults.durability, Durability::os);
}

TEST_F(LoadConfig, DottedKeysNeedNoQuotes) {
  file("[topic_defaults]\nretention.ms = 5\n[limits]\n");
  EXPECT_EQ(load().topic_defaults.retention_ms, 5);
}

TEST_F(LoadConfig, AFlagWinsOverAVariableOverTheFileOverTheDefault) {
  file("[limits]\nthreads = 1\ntopics_max = 11\npartitions_max = 111\n");
  variable("LEAT_LIMITS_THREADS=2");
  variable("LEAT_LIMITS_TOPICS_MAX=22");
  flag("limits.threads", "3", "--threads");
  const ServerConfig config = load();
  EXPECT_EQ(config.limits.threads, 3U);
  EXPECT_EQ(config.limits.topics_max, 22U);
  EXPECT_EQ(config.limits.partitions_max, 111U);
  EXPECT_EQ(config.limits.connections_max, ServerConfig().limits.connections_max);
}

TEST_F(LoadConfig, VariablesAreThePathInCapitals) {
  for (const char* definition :
       {"LEAT_DATA_DIR=/d", "LEAT_LISTEN_NATIVE=[::1]:1", "LEAT_STORAGE_SEGMENT_BYTES=1GiB",
        "LEAT_TOPIC_DEFAULTS_RETENTION_MS=2h", "LEAT_INSECURE_ANONYMOUS=true", "PATH=/bin", "LEATHER=brown"}) {
    variable(definition);
  }
  const ServerConfig config = load();
  EXPECT_EQ(config.data_dir, "/d");
  EXPECT_EQ(config.listen.native, "[::1]:1");
  EXPECT_EQ(config.storage.segment_bytes, 1U << 30U);
  EXPECT_EQ(config.topic_defaults.retention_ms, 7'200'000);
  EXPECT_TRUE(config.insecure_anonymous);
}

TEST_F(LoadConfig, AnUnknownVariableIsRefusedWithTheNearestOne) {
  variable("LEAT_STORAGE_SEGMENTS_BYTES=1GiB");
  EXPECT_THAT(fault(), AllOf(HasSubstr("unknown variable LEAT_STORAGE_SEGMENTS_BYTES"),
                             HasSubstr("did you mean LEAT_STORAGE_SEGMENT_BYTES?"), HasSubstr("LEAT_DATA_DIR")));
}

TEST_F(LoadConfig, VariablesOfTheClientToolAreLeftAlone) {
  for (const char* name : {"LEAT_SERVER=leat://x:1", "LEAT_CONTEXT=prod", "LEAT_OUTPUT=json"}) variable(name);
  EXPECT_EQ(fault(), "no fault");
}

TEST_F(LoadConfig, AnUnknownKeyIsRefusedWithTheAcceptedOnesOfItsSection) {
  const std::string message = fault_of_file("data_dir = 'x'\n\n[storage]\n  segment_byte = 5\n");
  EXPECT_THAT(message, AllOf(HasSubstr("leatd.toml, line 4, column 3: unknown key segment_byte in [storage]"),
                             HasSubstr("did you mean segment_bytes?"), HasSubstr("journal_file_bytes"),
                             Not(HasSubstr("connections_max"))));
}

TEST_F(LoadConfig, AnUnknownSectionOrTopLevelKeyIsRefused) {
  EXPECT_THAT(fault_of_file("[storge]\nsegment_bytes = 1\n"),
              AllOf(HasSubstr("unknown section [storge]"), HasSubstr("did you mean [storage]?")));
  EXPECT_THAT(fault_of_file("[storge]\n"), HasSubstr("did you mean [storage]?"));
  EXPECT_THAT(fault_of_file("datadir = 'x'\n"),
              AllOf(HasSubstr("unknown key datadir"), HasSubstr("did you mean data_dir?"), HasSubstr("[listen]")));
  EXPECT_THAT(fault_of_file("storage = 5\n"), HasSubstr("unknown key storage"));
}

TEST_F(LoadConfig, NothingIsSuggestedWhenNothingIsNear) {
  EXPECT_THAT(fault_of_file("colour = 'blue'\n"),
              AllOf(HasSubstr("unknown key colour; accepted are"), Not(HasSubstr("did you mean"))));
}

TEST_F(LoadConfig, AValueOfTheWrongTypeNamesKeyLineAndWhatIsAccepted) {
  EXPECT_THAT(fault_of_file("data_dir = 5\n"),
              EndsWith("leatd.toml, line 1, column 1: data_dir: expected text of 1 to 4096 bytes, found 5"));
  EXPECT_THAT(fault_of_file("insecure_anonymous = 'true'\n"), EndsWith("expected true or false, found \"true\""));
  EXPECT_THAT(fault_of_file("[limits]\nthreads = '4'\n"),
              EndsWith("line 2, column 1: limits.threads: expected a number from 0 to 1024, found \"4\""));
  EXPECT_THAT(fault_of_file("[limits]\nthreads = 1.5\n"), EndsWith("found a fraction"));
  EXPECT_THAT(fault_of_file("[limits]\nthreads = [1]\n"), EndsWith("found a list"));
  EXPECT_THAT(fault_of_file("[log]\nlevel = 'loud'\n"),
              EndsWith("expected one of trace, debug, info, warn, error, off, found \"loud\""));
  EXPECT_THAT(fault_of_file("[storage]\nsegment_bytes = true\n"), EndsWith("expected a size from 64KiB to 2GiB, found true"));
}

TEST_F(LoadConfig, AValueOutOfRangeNamesTheRange) {
  EXPECT_THAT(fault_of_file("[storage]\nsegment_bytes = 65535\n"),
              EndsWith("storage.segment_bytes: expected a size from 64KiB to 2GiB, found 65535"));
  EXPECT_THAT(fault_of_file("[limits]\nhandshake_timeout_ms = '2h'\n"),
              EndsWith("expected a duration from 100 to 1h, found \"2h\""));
  EXPECT_THAT(fault_of_file("[limits]\nthreads = -1\n"), EndsWith("expected a number from 0 to 1024, found -1"));
  EXPECT_THAT(fault_of_file("[topic_defaults]\n'retention.ms' = -2\n"), EndsWith("expected a duration from -1, found -2"));
}

TEST_F(LoadConfig, TopicDefaultsAreWhatATopicMayHave) {
  EXPECT_THAT(fault_of_file("[topic_defaults]\npartitions = 16385\n"),
              EndsWith("expected a number from 1 to 16384, found 16385"));
  EXPECT_THAT(fault_of_file("[topic_defaults]\n'segment.bytes' = '3GiB'\n"), EndsWith("to 2GiB, found \"3GiB\""));
  EXPECT_THAT(fault_of_file("[topic_defaults]\n'max.message.bytes' = '65MiB'\n"), EndsWith("to 64MiB, found \"65MiB\""));
}

TEST_F(LoadConfig, TheEndsOfARangeAreInside) {
  file("[storage]\nsegment_bytes = 1048576\njournal_files_max = 2\n[limits]\nthreads = 1024\n");
  EXPECT_EQ(load().limits.threads, 1024U);
}

TEST_F(LoadConfig, EveryFaultIsNamedAtOnce) {
  file("colour = 1\n[log]\nlevel = 'loud'\n");
  variable("LEAT_LIMITS_THREADS=many");
  flag("data_dir", "", "--data");
  EXPECT_THAT(fault(), AllOf(HasSubstr("unknown key colour"), HasSubstr("log.level"),
                             HasSubstr("environment: LEAT_LIMITS_THREADS: expected a number"),
                             HasSubstr("command line: --data: expected text")));
}

TEST_F(LoadConfig, AHalfWrittenFileGivesLineAndColumn) {
  EXPECT_THAT(fault_of_file("data_dir = \"x\"\n[listen]\nnative = \"127.0.0.1:74"), HasSubstr("leatd.toml, line 3, column"));
  EXPECT_THAT(fault_of_file("data_dir = \"x\"\n[listen"), HasSubstr("leatd.toml, line 2, column"));
  EXPECT_THAT(fault_of_file("data_dir = 'x'\ndata_dir = 'y'\n"), HasSubstr("line 2"));
}

TEST_F(LoadConfig, EveryPrefixOfAFileLoadsOrIsRefused) {
  const std::string text = "data_dir = \"d\"\n[log]\nlevel = \"warn\"\n[topic_defaults]\n\"retention.ms\" = \"7d\"\n";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto entries = parse_config_text(text.substr(0, length), "cut");
    const std::string said = entries.has_error() ? entries.error().context : "cut, line none";
    EXPECT_THAT(said, StartsWith("cut, line ")) << length;
  }
  EXPECT_EQ(parse_config_text(text, "whole").value().size(), 3U);
}

TEST_F(LoadConfig, AKeySetTwiceInTwoSpellingsIsRefused) {
  EXPECT_THAT(fault_of_file("[topic_defaults]\nretention.ms = 1\n'retention.ms' = 2\n"), HasSubstr("was set already"));
}

TEST_F(LoadConfig, AFileThatCannotBeReadIsNamed) {
  sources_.file_path = directory_ / "absent.toml";
  EXPECT_THAT(fault(), AllOf(HasSubstr("absent.toml"), HasSubstr("No such file")));
  sources_.file_path = directory_ / "";
  EXPECT_THAT(fault(), HasSubstr("cannot read the configuration"));
}

TEST_F(LoadConfig, AFileWithoutEndIsRefusedBeforeItFillsMemory) {
  EXPECT_THAT(fault_of_file(std::string(2'000'000, '#')), HasSubstr("larger than any configuration"));
  sources_.file_path = "/dev/zero";
  EXPECT_THAT(fault(), HasSubstr("larger than any configuration"));
}

TEST_F(LoadConfig, AKeyOfTooManyPartsIsRefused) {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  EXPECT_THAT(fault_of_file(key + " = 1\n"), HasSubstr("more than 256 parts"));
  EXPECT_EQ(fault_of_file("# " + std::string(1000, '.') + "\n"), "no fault");
}

TEST_F(LoadConfig, AListenerThatOthersCanReachIsRefused) {
  EXPECT_THAT(fault_of_file("[listen]\nnative = '0.0.0.0:7420'\n"),
              AllOf(HasSubstr("listen.native"), HasSubstr("insecure_anonymous = true")));
  EXPECT_EQ(fault_of_file("insecure_anonymous = true\n[listen]\nnative = '0.0.0.0:7420'\n"), "no fault");
}

TEST_F(LoadConfig, AListenerThatIsNoEndpointIsRefused) {
  flag("listen.native", "localhost", "--listen");
  EXPECT_THAT(fault(), HasSubstr("listen.native: 'localhost' is not HOST:PORT"));
}

TEST_F(LoadConfig, SizesThatMustFitInOneAnotherAreCompared) {
  EXPECT_THAT(fault_of_file("[topic_defaults]\n'max.message.bytes' = '9MiB'\n"),
              HasSubstr("topic_defaults.max.message.bytes with a header (9217KiB) is larger than limits.frame_bytes_max (8MiB)"));
  EXPECT_THAT(fault_of_file("[topic_defaults]\n'max.message.bytes' = '8MiB'\n"),
              HasSubstr("with a header (8193KiB) is larger than limits.frame_bytes_max (8MiB)"));
  EXPECT_THAT(fault_of_file("[storage]\njournal_file_bytes = '1MiB'\n"), HasSubstr("expected a size from 2MiB to 4GiB"));
  EXPECT_THAT(fault_of_file("[storage]\njournal_file_bytes = '2MiB'\n[topic_defaults]\n'max.message.bytes' = '1500KiB'\n"),
              HasSubstr("half of storage.journal_file_bytes (1MiB)"));
  EXPECT_EQ(fault_of_file("[storage]\njournal_file_bytes = '2MiB'\n"), "no fault");
  EXPECT_THAT(fault_of_file("[limits]\nframe_bytes_max = '16MiB'\nreceive_bytes_max = '8MiB'\n"),
              HasSubstr("limits.receive_bytes_max (8MiB)"));
  EXPECT_THAT(fault_of_file("[storage]\nsegment_bytes = '64KiB'\n"), HasSubstr("the default segment size (64KiB)"));
  EXPECT_THAT(fault_of_file("[limits]\nframe_bytes_max = '32MiB'\n"), HasSubstr("limits.session_in_flight_bytes_max (16MiB)"));
  EXPECT_THAT(fault_of_file("[topic_defaults]\n'segment.bytes' = 5\n"), HasSubstr("expected 0 or at least 64KiB"));
}

TEST(ServerConfig, TheSegmentSizeOfATopicIsTheStoragesUnlessItsDefaultsSayOtherwise) {
  ServerConfig config;
  EXPECT_EQ(config.default_segment_bytes(), config.storage.segment_bytes);
  config.topic_defaults.segment_bytes = 1 << 20;
  EXPECT_EQ(config.default_segment_bytes(), 1U << 20U);
}

}  // namespace
}  // namespace leat::server
