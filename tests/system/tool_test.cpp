#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <thread>
#include <tuple>

#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"

namespace leat::system_test {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

/// The tool as its users type it, against a daemon that runs.
class Tool : public ::testing::Test {
 protected:
  Tool() : daemon_({.data = directory_.path() / "data", .port = 0, .environment = small_storage(), .wrapper = {}}) {}

  [[nodiscard]] std::vector<std::string> environment() const { return {"LEAT_SERVER=" + daemon_.url()}; }
  /// A line for the shell, in which `leat` is the tool.
  static std::vector<std::string> shell(const std::string& line) {
    return {"sh", "-c", "leat() { \"$0\" \"$@\"; }\n" + line, LEAT_PROGRAM};
  }
  /// Both streams of it, and its exit code.
  Finished ask(const std::string& line) { return run(shell(line), environment()); }
  /// Standard output of a line that succeeds.
  std::string told(const std::string& line) {
    const Finished finished = ask("{ " + line + "; } 2>/dev/null");
    EXPECT_EQ(finished.exit_code, 0) << line << "\n" << ask(line).output;
    return finished.output;
  }
  json::value json_of(const std::string& line) { return json::parse(told(line)); }
  void expect_refused(int exit_code, const std::string& line, const std::string& why) {
    const Finished finished = ask(line);
    EXPECT_EQ(finished.exit_code, exit_code) << line;
    EXPECT_THAT(finished.output, HasSubstr(why)) << line;
  }
  /// Records whose values are their offsets.
  void publish_numbers(const std::string& topic, int count) {
    ASSERT_EQ(ask("seq 0 " + std::to_string(count - 1) + " | leat pub " + topic).exit_code, 0);
  }

  simulation::TemporaryDirectory directory_;
  Daemon daemon_;
};

double number(const json::value& object, const char* name) { return object.at(name).to_number<double>(); }

/// Rates agree with what they are made of, but for the digits that are left out.
void expect_rates(const json::value& result, double records, double value_bytes) {
  const double seconds = number(result, "seconds");
  EXPECT_GT(seconds, 0);
  EXPECT_EQ(number(result, "records"), records);
  EXPECT_NEAR(number(result, "records_per_s"), records / seconds, 0.01 * records / seconds);
  const double mb_per_s = records * value_bytes / 1e6 / seconds;
  EXPECT_NEAR(number(result, "mb_per_s"), mb_per_s, 0.01 * mb_per_s + 0.001);
}

void expect_latencies(const json::value& latencies) {
  EXPECT_GT(number(latencies, "p50"), 0);
  EXPECT_LE(number(latencies, "p50"), number(latencies, "p99"));
  EXPECT_LE(number(latencies, "p99"), number(latencies, "p999"));
  EXPECT_LE(number(latencies, "p999"), number(latencies, "max"));
}

TEST_F(Tool, BenchPubMeasuresWhatItPublishes) {
  for (const char* level : {"durable", "written", "none"}) {
    const json::value result =
        json_of("leat bench pub " + std::string(level) +
                " --records 3000 --warmup 500 --size 100 --producers 2 --in-flight 700 -o json --ack " + level);
    expect_rates(result, 3000, 100);
    expect_latencies(result.at("ack_us"));
    const json::value topic = json_of("leat topic describe -o json " + std::string(level));
    EXPECT_EQ(number(topic.at("partitions").at(0), "high_watermark"), 3500) << level;
  }
}

TEST_F(Tool, BenchPubSpreadsItsRecords) {
  told("leat topic create load --partitions 3");
  told("leat bench pub load --records 300 --warmup 0 --size 100 --spread");
  const json::value topic = json_of("leat topic describe -o json load");
  for (const auto& partition : topic.at("partitions").as_array()) EXPECT_EQ(number(partition, "high_watermark"), 100);
}

TEST_F(Tool, BenchPubKeepsARate) {
  const json::value result = json_of("leat bench pub load --records 500 --size 10 --rate 5000 -z lz4 -o json");
  expect_rates(result, 500, 10);
  expect_latencies(result.at("ack_us"));
}

TEST_F(Tool, BenchPubSaysWhyItWaits) {
  told("leat topic create load");
  Process bench({LEAT_PROGRAM, "bench", "pub", "load", "--records", "1000000000", "--size", "100"}, environment());
  told("leat sub load start -n 1");
  daemon_.kill();
  bench.wait_for_line("leat: waiting, and trying again: ");
}

TEST_F(Tool, BenchSubReadsAsManyRecordsAsAskedFor) {
  told("leat bench pub load --records 2000 --warmup 0 --size 64");
  const json::value result = json_of("leat bench sub load --records 1500 -o json");
  expect_rates(result, 1500, 64);
  expect_refused(1, "leat bench sub load --records 2001", "holds 2,000 of the 2,001 records");
}

TEST_F(Tool, BenchE2eMeasuresFromTheIntendedSendingToTheReceipt) {
  const json::value result = json_of("leat bench e2e load --records 1000 --warmup 100 --size 64 --rate 20000 -o json");
  expect_rates(result, 1000, 64);
  expect_latencies(result.at("latency_us"));
}

TEST_F(Tool, ADeletedTopicIsUnknown) {
  publish_numbers("orders", 3);
  EXPECT_EQ(told("leat topic delete orders"), "deleted topic orders\n");
  expect_refused(1, "leat topic delete orders", "unknown topic: orders");
  expect_refused(1, "leat topic describe orders", "unknown topic: orders");
  expect_refused(1, "leat sub orders start -e", "unknown topic: orders");
  EXPECT_EQ(told("leat topic list -o json"), "");
}

TEST_F(Tool, AnAlteredSettingIsShownAndOutlivesTheDaemon) {
  told("leat topic create orders --partitions 2");
  EXPECT_EQ(told("leat topic alter orders -c retention.ms=1h"), "altered topic orders with 2 partitions\n");
  const std::string before = told("leat topic describe orders");
  EXPECT_THAT(before, HasSubstr("retention.ms       3600000    topic\n"));
  daemon_.kill();
  daemon_ = Daemon({.data = directory_.path() / "data", .port = 0, .environment = small_storage(), .wrapper = {}});
  EXPECT_EQ(told("leat topic describe orders"), before);
}

/// The numbers from `first` to before `last`, as printed.
std::string numbers(int first, int last) {
  std::string text;
  for (int i = first; i < last; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST_F(Tool, SubPrintsTheOffsetsAskedFor) {
  publish_numbers("numbers", 300);
  const std::vector<std::tuple<std::string, int, int>> ranges{
      {"start -e", 0, 300},     {"end -e", 0, 0},      {"+10 -e", 10, 300},    {"-10 -e", 290, 300},
      {"100 -e", 100, 300},     {"100:200", 100, 200}, {":5", 0, 5},           {"-10:end", 290, 300},
      {"+290:-5", 290, 295},    {"start -n 7", 0, 7},  {"-n 7 -10", 290, 297}, {"100:200 -n 3", 100, 103},
      {"250:400 -e", 250, 300}, {"-1000:+2", 0, 2},    {"@0 -e", 0, 300},      {"@2999-01-01:end", 0, 0},
  };
  for (const auto& [range, first, last] : ranges) {
    EXPECT_EQ(told("leat sub numbers " + range + " -f '%v\\n'"), numbers(first, last)) << range;
  }
}

TEST_F(Tool, SubBeginsAtATime) {
  told("printf '1000\\ta\\n2000\\tb\\n3000\\tc\\n' | leat pub events --timestamp-prefix");
  EXPECT_EQ(told("leat sub events @1970-01-01T00:00:01.001Z -e -f '%T %v\\n'"), "2000 b\n3000 c\n");
  EXPECT_EQ(told("leat sub events @1000:@3000 -f '%T %v\\n'"), "1000 a\n2000 b\n");
}

TEST_F(Tool, SubReadsOnePartitionOrAll) {
  told("leat topic create orders --partitions 3");
  for (const char* partition : {"0", "1", "2"}) told("leat pub orders -p " + std::string(partition) + " of-" + partition);
  EXPECT_EQ(told("leat sub orders start -e -p 1 -f '%t %p %o %v\\n'"), "orders 1 0 of-1\n");
  EXPECT_EQ(told("leat sub orders start -e -f '%p %v\\n' | sort"), "0 of-0\n1 of-1\n2 of-2\n");
  expect_refused(1, "leat sub orders start -e -p 3", "unknown partition: 3 of topic orders, which has 3");
  expect_refused(1, "leat pub orders -p 3 x", "unknown partition: 3 of topic orders, which has 3");
}

TEST_F(Tool, SubWithoutOffsetsFollowsWhatIsPublishedFromThenOn) {
  publish_numbers("orders", 5);
  Process follower(shell("leat sub orders -n 2 -f 'got %v\\n'"), environment());
  // It does not say when it has begun: publish until it has something.
  while (!follower.has_line("got new")) told("leat pub orders new");
  told("leat pub orders new");
  EXPECT_EQ(follower.wait_for_exit(), 0);
  EXPECT_EQ(follower.output(), "got new\ngot new\n");
}

TEST_F(Tool, SubWritesJsonThatHoldsTheWholeRecord) {
  told("leat pub orders -k 7 -H source=web 'a \"b\"'");
  const json::value record = json_of("leat sub orders start -e -o json");
  EXPECT_EQ(record.at("topic"), "orders");
  EXPECT_EQ(record.at("key"), "7");
  EXPECT_EQ(record.at("value"), "a \"b\"");
  EXPECT_EQ(record.at("offset"), 0);
}

TEST_F(Tool, EveryCodecAndItsHeadersComeBack) {
  const std::string value(20'000, 'v');
  for (const char* codec : {"none", "zstd", "lz4", "snappy", "gzip"}) {
    const std::string topic = std::string("in-") + codec;
    told("leat pub " + topic + " -z " + codec + " -k 1 -H source=web -H trace=9f3 " + value);
    EXPECT_EQ(told("leat sub " + topic + " start -e -f '%h %k %v\\n'"), "source=web,trace=9f3 1 " + value + "\n");
    const json::value stored = json_of("leat topic describe -o json " + topic).at("partitions").at(0);
    EXPECT_EQ(number(stored, "bytes") < 2'000, std::string(codec) != "none") << topic;
  }
}

TEST_F(Tool, PubTellsTheLevelThatWasReached) {
  const std::vector<std::string> levels{"none", "written", "durable"};
  for (auto asked = levels.begin(); asked != levels.end(); ++asked) {
    const json::value report = json_of("leat pub orders x y -o json --ack " + *asked);
    // At least the one asked for: the disk may have been quicker than the answer.
    EXPECT_NE(std::find(asked, levels.end(), report.at("level").as_string()), levels.end())
        << *asked << ": " << json::serialize(report);
    EXPECT_EQ(report.at("acknowledged"), 2);
    EXPECT_EQ(report.at("unacknowledged"), 0);
  }
  told("leat topic create metrics -c durability=os");
  EXPECT_EQ(json_of("leat pub metrics x -o json").at("level"), "written");
  EXPECT_THAT(told("leat sub orders start -e -f '%v\\n'"), "x\ny\nx\ny\nx\ny\n");
}

TEST_F(Tool, ExitCodesTellWhoseFaultItIs) {
  EXPECT_EQ(ask("leat pub orders x").exit_code, 0);
  told("leat topic create small -c max.message.bytes=1024");
  expect_refused(1, "leat pub small " + std::string(5'000, 'v'), "not acknowledged");
  expect_refused(1, "leat pub no/topic x", "topic");
  expect_refused(1, "leat topic create orders", "orders");
  expect_refused(1, "leat topic alter orders -c bogus=1", "accepted are retention.ms");
  expect_refused(2, "leat sub orders 5:3", "ends before it begins");
  expect_refused(2, "leat pub orders x -z brotli", "brotli");
  EXPECT_EQ(daemon_.stop(), 0);
  expect_refused(3, "leat pub orders x", "is leatd running?");
  expect_refused(3, "leat sub orders", "is leatd running?");
}

/// A terminal whose screen the test reads. Opened by its path it is standard error of a program.
class Terminal {
 public:
  Terminal() : screen_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(screen_), 0);
    EXPECT_EQ(::unlockpt(screen_), 0);
    path_ = ::ptsname(screen_);
    // Held open, as nothing can be read once the last program has closed it.
    line_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  ~Terminal() {
    ::close(line_);
    ::close(screen_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// All that was written on it once `wanted` is there, or without it after a minute of silence.
  const std::string& read_until(const std::string& wanted) {
    char piece[512];
    pollfd readable{screen_, POLLIN, 0};
    while (shown_.find(wanted) == std::string::npos && ::poll(&readable, 1, 60'000) == 1) {
      const ssize_t got = ::read(screen_, piece, sizeof piece);
      if (got <= 0) break;
      shown_.append(piece, static_cast<std::size_t>(got));
    }
    return shown_;
  }

 private:
  int screen_;
  int line_ = -1;
  std::string path_;
  std::string shown_;
};

class ToolProgress : public Tool {
 protected:
  /// `leat pub` whose input stays open until end_input(), its standard error redirected as told.
  void begin(const std::string& redirection) {
    const std::string input = (directory_.path() / "input").string();
    ASSERT_EQ(::mkfifo(input.c_str(), 0600), 0);
    publisher_ = std::make_unique<Process>(shell("leat pub orders <'" + input + "' " + redirection), environment());
    input_ = ::open(input.c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_EQ(::write(input_, "a\nb\n", 4), 4);
  }
  int end_input() {
    ::close(input_);
    return publisher_->wait_for_exit();
  }

  std::unique_ptr<Process> publisher_;
  int input_ = -1;
};

TEST_F(ToolProgress, IsShownOnATerminalAndWipedAtTheEnd) {
  Terminal terminal;
  begin("2>" + terminal.path());
  EXPECT_THAT(terminal.read_until("2 records acknowledged, "), HasSubstr("\r2 records acknowledged, "));
  EXPECT_EQ(end_input(), 0);
  EXPECT_THAT(terminal.read_until("offsets 0 to 1"), HasSubstr("\r\033[Kleat: 2 records acknowledged (durable) in "));
}

TEST_F(ToolProgress, IsNotShownOnAPipe) {
  begin("");
  EXPECT_EQ(end_input(), 0);
  EXPECT_THAT(publisher_->output(), HasSubstr("leat: 2 records acknowledged (durable) in "));
  EXPECT_THAT(publisher_->output(), Not(HasSubstr("\r"))) << "the end of every progress, however short";
}

TEST_F(ToolProgress, IsNotShownToThoseWhoWantQuiet) {
  Terminal terminal;
  const Finished finished = ask("leat pub orders x -q 2>" + terminal.path() + "; echo end >" + terminal.path());
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(terminal.read_until("end"), "end\r\n");
}

TEST_F(Tool, TheDaemonHasAThreadForEveryCoreButOne) {
  const auto cores = std::to_string(std::clamp(std::thread::hardware_concurrency() - 1, 1U, 64U));
  EXPECT_THAT(daemon_.process().wait_for_line(" listening ") + " ", HasSubstr(" threads=" + cores + " "));
}

}  // namespace
}  // namespace leat::system_test
