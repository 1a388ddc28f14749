#include "server/metrics/broker_metrics.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "server/net/network_memory.hpp"
#include "server/support/http_client.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Metrics : public ServerTest {
 protected:
  Metrics() { start(); }

  std::string scrape() {
    const auto answer = ask_http(server->http_port(), http::verb::get, "/metrics");
    EXPECT_EQ(answer.result_int(), 200U);
    return answer.body();
  }
  /// What the sample of this name and these labels says; "none" if there is no such.
  std::string value_of(const std::string& sample) {
    std::istringstream lines(scrape());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
    }
    return "none";
  }
  std::string published(const std::string& transport) {
    return value_of("leat_published_records_total{topic=\"orders\",transport=\"" + transport + "\"}");
  }
  std::string delivered(const std::string& transport) {
    return value_of("leat_delivered_records_total{topic=\"orders\",transport=\"" + transport + "\"}");
  }
  WebSocketClient web_socket(const std::string& subprotocol, const std::string& query = "") {
    return WebSocketClient(server->http_port(), "/v1/ws" + query, subprotocol);
  }
  auto post(const std::string& topic, const std::string& body, const std::string& query = "") {
    return ask_http(server->http_port(), http::verb::post, "/v1/topics/" + topic + "/events" + query, body).result_int();
  }
};

std::string frame_of(const native::Message& message, std::uint64_t correlation, ByteSpan payload = {}) {
  std::vector<std::byte> frame;
  native::encode_frame(message, correlation, payload.size(), frame);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return std::string(as_text(frame));
}

TEST_F(Metrics, CountTheNativeProtocol) {
  const auto target = create_partition("orders");
  RawClient reader = client();
  const auto batch = batch_of({"a", "b"});
  ASSERT_TRUE(reader.publish(target, batch).has_value());
  ASSERT_TRUE(reader.publish(target, batch_of({"c"})).has_value());
  reader.ask(native::Read{target, Offset(1), 1});
  EXPECT_EQ(published("native"), "3");
  EXPECT_EQ(delivered("native"), "1");
  EXPECT_EQ(value_of("leat_delivered_bytes_total{topic=\"orders\",transport=\"native\"}"), std::to_string(batch.size()));
  reader.ask(native::Subscribe{1, target, Offset(0), 1 << 20});
  reader.wait_for<native::Deliver>();
  EXPECT_EQ(delivered("native"), "4");
}

TEST_F(Metrics, CountTheNativeProtocolOverWebSocketApart) {
  const auto target = create_partition("orders");
  auto socket = web_socket("leat.v1");
  socket.send(frame_of(native::Hello{1, 1, "test", "1"}, 1));
  socket.receive();
  socket.send(frame_of(native::Publish{target, native::AckLevel::durable}, 2, batch_of({"a", "b"})));
  socket.receive();
  EXPECT_EQ(published("leat.v1"), "2");
  EXPECT_EQ(published("native"), "none");
}

TEST_F(Metrics, CountJsonOverWebSocket) {
  create("orders");
  auto socket = web_socket("leat.json.v1");
  socket.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"earliest"})");
  EXPECT_THAT(socket.receive(), HasSubstr("subscribed"));
  socket.send(R"({"type":"publish","id":2,"topic":"orders","records":[{"value":"a"},{"value":"b"}]})");
  std::string said;
  while (said.find("\"b\"") == std::string::npos) said = socket.receive();
  EXPECT_EQ(published("leat.json.v1"), "2");
  EXPECT_EQ(delivered("leat.json.v1"), "2");
  EXPECT_EQ(value_of("leat_connections{listener=\"http\",transport=\"leat.json.v1\"}"), "1");
  EXPECT_EQ(value_of("leat_end_to_end_latency_seconds_count{transport=\"leat.json.v1\"}"), "1");
}

TEST_F(Metrics, CountCloudEventsOverWebSocket) {
  create("orders");
  auto socket = web_socket("cloudevents.json", "?topic=orders&from=earliest");
  socket.send(R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})");
  EXPECT_THAT(socket.receive(), HasSubstr("\"id\":\"1\""));
  EXPECT_EQ(published("cloudevents.json"), "1");
  EXPECT_EQ(delivered("cloudevents.json"), "1");
}

TEST_F(Metrics, CountRequestsAndTheirAnswers) {
  create("orders");
  EXPECT_EQ(post("orders", "a"), 200U);
  EXPECT_EQ(post("orders", "b"), 200U);
  ask_http(server->http_port(), http::verb::get, "/v1/topics/orders/partitions/0/records?limit=1");
  EXPECT_EQ(published("http"), "2");
  EXPECT_EQ(delivered("http"), "1");
}

TEST_F(Metrics, CountServerSentEvents) {
  create("orders");
  EXPECT_EQ(post("orders", "a"), 200U);
  boost::asio::io_context io;
  auto socket = connect_to(io, server->http_port());
  boost::asio::write(
      socket,
      boost::asio::buffer(std::string_view("GET /v1/topics/orders/stream?from=earliest HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")));
  std::string said;
  boost::asio::read_until(socket, boost::asio::dynamic_buffer(said), "\"value\":\"a\"");
  EXPECT_EQ(delivered("sse"), "1");
  EXPECT_EQ(value_of("leat_connections{listener=\"http\",transport=\"sse\"}"), "1");
}

TEST_F(Metrics, TellErrorsByCode) {
  const auto target = create_partition("orders");
  EXPECT_EQ(post("nothing", "a"), 404U);
  EXPECT_EQ(post("orders", "a", "?partition=7"), 404U);
  auto damaged = batch_of({"a"});
  damaged.back() ^= std::byte{1};
  EXPECT_FALSE(client().publish(target, damaged).has_value());
  EXPECT_EQ(value_of("leat_publish_errors_total{code=\"unknown_topic\"}"), "1");
  EXPECT_EQ(value_of("leat_publish_errors_total{code=\"unknown_partition\"}"), "1");
  EXPECT_EQ(value_of("leat_publish_errors_total{code=\"corrupt_batch\"}"), "1");
}

TEST_F(Metrics, TellARepeatedBatchFromARecord) {
  const auto target = create_partition("orders");
  RawClient producer = client();
  const auto id = producer.ask_for<native::InitProducerReply>(native::InitProducer{}).value();
  const auto batch = batch_of({"a"}, {id.producer_id, id.producer_epoch, 0});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(producer.publish(target, batch).has_value());
  EXPECT_EQ(published("native"), "1");
  EXPECT_EQ(value_of("leat_publish_duplicate_batches_total"), "1");
}

TEST_F(Metrics, TellAcknowledgementsByLevel) {
  const auto target = create_partition("orders");
  RawClient producer = client();
  for (const auto level : {native::AckLevel::none, native::AckLevel::written, native::AckLevel::durable}) {
    ASSERT_TRUE(producer.publish(target, batch_of({"a"}), level).has_value());
  }
  for (const std::string level : {"none", "written", "durable"}) {
    EXPECT_EQ(value_of("leat_ack_latency_seconds_count{ack=\"" + level + "\"}"), "1") << level;
  }
}

TEST_F(Metrics, TellHowFarTheSlowestSubscriberIsBehind) {
  const auto target = create_partition("orders");
  RawClient reader = client();
  ASSERT_TRUE(reader.publish(target, batch_of({"a", "b", "c"})).has_value());
  reader.ask(native::Subscribe{1, target, Offset(2), 0});
  reader.ask(native::Subscribe{2, target, Offset(1), 0});
  EXPECT_EQ(value_of("leat_slowest_subscriber_lag_records{topic=\"orders\"}"), "2");
  EXPECT_EQ(value_of("leat_subscriptions"), "2");
  auto slower = web_socket("leat.json.v1");
  slower.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"earliest","credit":0})");
  slower.receive();
  EXPECT_EQ(value_of("leat_slowest_subscriber_lag_records{topic=\"orders\"}"), "3");
}

TEST_F(Metrics, ASubscriberThatLeftIsNotBehind) {
  const auto target = create_partition("orders");
  RawClient reader = client();
  ASSERT_TRUE(reader.publish(target, batch_of({"a"})).has_value());
  reader.ask(native::Subscribe{1, target, Offset(0), 0});
  reader.ask(native::Unsubscribe{1});
  EXPECT_EQ(value_of("leat_slowest_subscriber_lag_records{topic=\"orders\"}"), "none");
  EXPECT_EQ(value_of("leat_subscriptions"), "0");
}

TEST_F(Metrics, TellWhatTheJournalAndTheCheckpointsDo) {
  const auto target = create_partition("orders");
  RawClient producer = client();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(producer.publish(target, batch_of({"a"})).has_value());
  producer.ask(native::DeleteRecords{target, Offset(1)});
  EXPECT_EQ(value_of("leat_journal_group_batches_sum"), "3");
  EXPECT_EQ(value_of("leat_journal_group_bytes_count"), "3");
  EXPECT_EQ(value_of("leat_journal_write_seconds_count"), "3");
  EXPECT_NE(value_of("leat_checkpoint_duration_seconds_count"), "0");
  EXPECT_NE(value_of("leat_journal_files"), "0");
}

TEST_F(Metrics, TellConnectionsThatWereOneTooMany) {
  config.limits.connections_max = 2;
  restart();
  boost::asio::io_context io;
  auto scraper = connect_to(io, server->http_port());
  ask_http(scraper, http::verb::get, "/metrics");
  const RawClient kept = client();
  RawClient refused = raw();
  EXPECT_EQ(refused.receive_any().value().error_code(), Errc::limit_reached);
  const std::string text = ask_http(scraper, http::verb::get, "/metrics").body();
  EXPECT_THAT(text, HasSubstr("\nleat_connections{listener=\"native\",transport=\"native\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nleat_connections{listener=\"http\",transport=\"http\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nleat_connections_refused_total{listener=\"native\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nleat_connections_accepted_total{listener=\"native\"} 1\n"));
}

using Names = std::set<std::string>;

Names names_in(const std::string& text, const std::regex& pattern) {
  Names names;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

TEST_F(Metrics, AreAllInTheReferenceAndNoOthers) {
  std::ostringstream reference;
  std::ifstream file(LEAT_METRICS_REFERENCE);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) reference << line.substr(0, line.find("` |") + 1) << "\n";
  }
  EXPECT_EQ(names_in(reference.str(), std::regex("`([a-z_]+)`")), names_in(scrape(), std::regex("# TYPE ([a-z_]+) ")));
}

TEST_F(Metrics, OfTooManyTopicsOnlyTheirNumberIsTold) {
  create("first");
  create("second");
  const NetworkMemory memory = make_network_memory(1 << 20, 1 << 20);
  const MetricsSources sources{server->broker(), memory.receiving->budget, memory.sending};
  const std::string text = write_metrics(sources, {}, 1);
  EXPECT_THAT(text, HasSubstr("\nleat_topics 2\n"));
  EXPECT_THAT(text, HasSubstr("\nleat_metrics_topics_left_out 1\n"));
  EXPECT_THAT(text, HasSubstr("topic=\"first\""));
  EXPECT_THAT(text, Not(HasSubstr("topic=\"second\"")));
}

}  // namespace
}  // namespace leat::server
