// What the tool does at a real broker by WebSocket and by HTTP.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <sstream>

#include "client/tool/bench.hpp"
#include "leat/consumer.hpp"
#include "server/server.hpp"
#include "simulation/temporary_directory.hpp"

namespace leat::tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WebTest : public ::testing::Test {
 protected:
  WebTest() {
    server::ServerConfig config;
    config.data_dir = (directory_.path() / "data").string();
    config.listen.native = "127.0.0.1:0";
    config.listen.http = "127.0.0.1:0";
    config.storage.disk_reserve_bytes = 0;
    server_ = server::Server::start(config).value();
  }

  [[nodiscard]] GlobalOptions global(OutputFormat output = OutputFormat::table) const {
    return {.server = "ws://127.0.0.1:" + std::to_string(server_->http_port()), .output = output, .quiet = true};
  }
  static Pub by_http(std::vector<std::string> messages) {
    return {.topic = "t", .messages = std::move(messages), .by_http = true};
  }
  /// The lines of what a command prints.
  template <class Command>
  std::vector<std::string> output_of(const GlobalOptions& options, const Command& command) {
    ::testing::internal::CaptureStdout();
    const auto ran = run(options, command);
    std::istringstream text(::testing::internal::GetCapturedStdout());
    EXPECT_TRUE(ran.has_value()) << ran.error().message();
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> records(const char* format, OutputFormat output = OutputFormat::table) {
    Sub sub{.topics = {"t"}, .range = parse_offset_range("start", 0).value(), .exit_at_end = true};
    if (*format != 0) sub.format = RecordTemplate::parse(format).value();
    return output_of(global(output), sub);
  }

 private:
  simulation::TemporaryDirectory directory_;
  std::unique_ptr<server::Server> server_;
};

TEST_F(WebTest, PublishesAndSubscribesOverAWebSocket) {
  ASSERT_TRUE(run(global(), Pub{.topic = "t", .messages = {"a", "b"}, .key = "k"}));
  EXPECT_THAT(records("%o %k %v\\n"), ElementsAre("0 k a", "1 k b"));
}

TEST_F(WebTest, CarriesRecordsThatAreLargerThanAWebSocketMessage) {
  const std::string large(std::size_t{900} << 10, 'x');
  ASSERT_TRUE(run(global(), Pub{.topic = "t", .messages = {large}}));
  EXPECT_THAT(records("%v\\n"), ElementsAre(large));
}

TEST_F(WebTest, PublishesEachRecordAsARequestOfItsOwn) {
  std::vector<std::string> messages;
  for (int i = 0; i < 100; ++i) messages.push_back("m " + std::to_string(i));
  Pub pub = by_http(messages);
  pub.key = "a key &=%/\xc3\xa9";
  const auto report = output_of(global(OutputFormat::json), pub);
  ASSERT_EQ(report.size(), 1U);
  const auto object = boost::json::parse(report.front());
  EXPECT_EQ(object.at("acknowledged").as_int64(), 100);
  EXPECT_EQ(object.at("level").as_string(), "durable");
  const auto stored = records("%v %k\\n");
  ASSERT_EQ(stored.size(), 100U);
  EXPECT_EQ(stored.front(), "m 0 " + *pub.key);
  EXPECT_EQ(stored.back(), "m 99 " + *pub.key);
}

TEST_F(WebTest, SendsTheAttributesOfAnEvent) {
  Pub pub = by_http({"{\"n\":1}"});
  pub.headers = {
      {"content-type", "application/json"}, {"ce_specversion", "1.0"}, {"ce_id", "1"}, {"ce_type", "t"}, {"ce_source", "/s"},
      {"ce_note", "50 % \xc3\xa9"}};
  ASSERT_TRUE(run(global(), pub));
  const auto lines = records("", OutputFormat::cloudevents);
  ASSERT_EQ(lines.size(), 1U);
  const auto event = boost::json::parse(lines.front());
  EXPECT_EQ(event.at("id").as_string(), "1");
  EXPECT_EQ(event.at("note").as_string(), "50 % \xc3\xa9");
  EXPECT_EQ(event.at("data").at("n").as_int64(), 1);
  EXPECT_EQ(event.at("leatoffset").as_string(), "0");
}

TEST_F(WebTest, ARefusedRecordFailsWithTheBrokersReason) {
  Pub event_without_id = by_http({"v"});
  event_without_id.headers = {{"ce_specversion", "1.0"}};
  const auto refused = run(global(), event_without_id);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ(exit_code_of(refused.error()), ExitCode::failed);
}

TEST_F(WebTest, MakesNoTopicWhenToldSo) {
  Pub pub = by_http({"v"});
  pub.create_topic = false;
  EXPECT_EQ(run(global(), pub).error().code, Errc::unknown_topic);
}

TEST_F(WebTest, AServerThatIsNotThereIsUnreachable) {
  const auto failed = run(GlobalOptions{.server = "ws://127.0.0.1:1", .quiet = true}, by_http({"v"}));
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(exit_code_of(failed.error()), ExitCode::unreachable);
  EXPECT_THAT(failed.error().context, HasSubstr("127.0.0.1:1"));
}

TEST_F(WebTest, AFanDeliversEachRecordToEachSubscriber) {
  const Bench fan{.kind = BenchKind::fan,
                  .topic = "t",
                  .warmup_records = 2,
                  .size_bytes = 100,
                  .rate = 100,
                  .subscribers = 20,
                  .seconds = 0.2};
  const auto lines = output_of(global(OutputFormat::json), fan);
  ASSERT_EQ(lines.size(), 1U);
  const auto object = boost::json::parse(lines.front());
  EXPECT_EQ(object.at("records").as_int64(), 20);
  EXPECT_EQ(object.at("deliveries").as_int64(), 400);
  EXPECT_GT(object.at("latency_us").at("p50").as_double(), 0);
}

TEST_F(WebTest, AFanWithoutARateGoesAsFastAsItsSubscribers) {
  const Bench fan{.kind = BenchKind::fan, .topic = "t", .size_bytes = 100, .in_flight = 10, .subscribers = 3, .seconds = 0.1};
  const auto object = boost::json::parse(output_of(global(OutputFormat::json), fan).at(0));
  EXPECT_GT(object.at("records").as_int64(), 0);
  EXPECT_EQ(object.at("deliveries").as_int64(), 3 * object.at("records").as_int64());
}

TEST_F(WebTest, AFanMayBeIdle) {
  const Bench fan{.kind = BenchKind::fan, .topic = "t", .rate = 0, .subscribers = 50, .seconds = 0.01};
  const auto object = boost::json::parse(output_of(global(OutputFormat::json), fan).at(0));
  EXPECT_EQ(object.at("subscribers").as_int64(), 50);
  EXPECT_EQ(object.at("deliveries").as_int64(), 0);
}

TEST_F(WebTest, AFanThatIsNotLetInSaysSo) {
  const Bench fan{.kind = BenchKind::fan, .topic = "no such/name", .rate = 0, .subscribers = 1, .seconds = 1};
  EXPECT_EQ(run(global(), fan).error().code, Errc::invalid_topic_name);
}

}  // namespace
}  // namespace leat::tool
