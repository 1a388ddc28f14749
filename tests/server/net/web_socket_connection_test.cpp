#include "server/net/web_socket_connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <set>
#include <thread>

#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

namespace websocket = boost::beast::websocket;
using websocket::close_code;

/// A WebSocket that may be told no.
class Upgrade {
 public:
  Upgrade(std::uint16_t port, const std::string& target, const HttpFields& fields, int receive_buffer_bytes = 0) : stream_(io_) {
    auto& socket = stream_.next_layer();
    socket.open(boost::asio::ip::tcp::v4());
    if (receive_buffer_bytes > 0) socket.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer_bytes));
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    stream_.set_option(websocket::stream_base::decorator([fields](websocket::request_type& head) {
      for (const auto& [name, value] : fields) head.set(name, value);
    }));
    stream_.read_message_max(0);
    stream_.handshake(answer_, "127.0.0.1", target, error_);
  }

  /// 101 when it became one.
  [[nodiscard]] unsigned status() const { return answer_.result_int(); }
  [[nodiscard]] std::string subprotocol() const { return std::string(answer_[http::field::sec_websocket_protocol]); }
  [[nodiscard]] std::string body() const { return answer_.body(); }
  void send(std::string_view message, bool text = true) {
    stream_.text(text);
    stream_.write(boost::asio::buffer(message.data(), message.size()));
  }
  std::string receive() {
    boost::beast::flat_buffer buffer;
    stream_.read(buffer);
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
  }
  /// An error when the broker does not answer in kind.
  boost::system::error_code close() {
    boost::system::error_code error;
    stream_.close(close_code::normal, error);
    return error;
  }
  /// What the broker says as it closes, whatever it sends before.
  std::uint16_t wait_for_close() {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    while (!error) {
      buffer.clear();
      stream_.read(buffer, error);
    }
    return stream_.reason().code;
  }

 private:
  boost::asio::io_context io_;
  websocket::stream<boost::asio::ip::tcp::socket> stream_;
  websocket::response_type answer_;
  boost::system::error_code error_;
};

class WebSocket : public WebTest {
 protected:
  Upgrade upgrade(const HttpFields& fields, const std::string& target = "/v1/ws", int receive_buffer_bytes = 0) {
    return Upgrade(server->http_port(), target, fields, receive_buffer_bytes);
  }
  static HttpFields speaking(const std::string& subprotocols) { return {{"Sec-WebSocket-Protocol", subprotocols}}; }
};

TEST_F(WebSocket, OfSeveralSubprotocolsTheFirstThatTheBrokerSpeaksIsTaken) {
  start();
  create("orders");
  EXPECT_EQ(upgrade(speaking("leat.json.v1, leat.v1")).subprotocol(), "leat.json.v1");
  EXPECT_EQ(upgrade(speaking("leat.v1, leat.json.v1")).subprotocol(), "leat.v1");
  EXPECT_EQ(upgrade(speaking("mqtt, leat.v9, cloudevents.json, leat.v1"), "/v1/ws?topic=orders").subprotocol(),
            "cloudevents.json");
}

TEST_F(WebSocket, WithoutASubprotocolThatTheBrokerSpeaksThereIsNone) {
  start();
  for (const HttpFields& fields : {HttpFields{}, speaking("mqtt"), speaking("LEAT.V1"), speaking("leat.v")}) {
    Upgrade refused = upgrade(fields);
    EXPECT_EQ(refused.status(), 400U);
  }
}

TEST_F(WebSocket, IsRefusedAsARequestWouldBe) {
  start();
  EXPECT_EQ(upgrade({{"Sec-WebSocket-Protocol", "leat.v1"}, {"Origin", "http://evil.example"}}).status(), 403U);
  EXPECT_EQ(upgrade({{"Sec-WebSocket-Protocol", "leat.v1"}, {"Host", "evil.example"}}).status(), 421U);
  EXPECT_EQ(upgrade(speaking("leat.v1"), "/v1/topics").status(), 404U);
  EXPECT_EQ(upgrade(speaking("cloudevents.json")).status(), 400U) << "no topic";
  EXPECT_EQ(upgrade(speaking("cloudevents.json"), "/v1/ws?topic=orders").status(), 404U);
  EXPECT_EQ(upgrade(speaking("cloudevents.json"), "/v1/ws?topic=orders&from=yesterday").status(), 400U);
}

TEST_F(WebSocket, ClosesWhenTheServerStops) {
  start();
  create("orders");
  Upgrade json = upgrade(speaking("leat.json.v1"));
  Upgrade events = upgrade(speaking("cloudevents.json"), "/v1/ws?topic=orders&from=earliest");
  publish("orders", "a");
  events.receive();  // who was answered is known to the server
  json.send(R"({"type":"ping","id":1})");
  json.receive();
  std::thread stopping([this] { EXPECT_TRUE(server->stop().has_value()); });
  EXPECT_EQ(json.wait_for_close(), close_code::going_away);
  EXPECT_EQ(events.wait_for_close(), close_code::going_away);
  stopping.join();
}

TEST_F(WebSocket, WhatWasAcknowledgedIsThereAfterARestart) {
  start();
  create("orders");
  {
    Upgrade json = upgrade(speaking("leat.json.v1"));
    json.send(R"({"type":"publish","id":1,"topic":"orders","records":[{"value":"a"}]})");
    EXPECT_EQ(json.receive(), R"({"type":"published","id":1,"records":[{"partition":0,"offset":0,"ack":"durable"}]})");
  }
  restart();
  EXPECT_EQ(records_of("orders").as_array().size(), 1U);
}

TEST_F(WebSocket, AMessageOfTheLargestSizeIsTakenAndALargerOneCloses) {
  config.limits.frame_bytes_max = 64 * kKiB;
  config.topic_defaults.max_message_bytes = 32 * kKiB;
  start();
  Upgrade json = upgrade(speaking("leat.json.v1"));
  json.send(R"({"type":"ping","id":1})" + std::string(64 * kKiB - 22, ' '));
  EXPECT_EQ(json.receive(), R"({"type":"pong","id":1})");
  json.send(R"({"type":"ping","id":2})" + std::string(64 * kKiB, ' '));
  EXPECT_EQ(json.wait_for_close(), close_code::too_big);
}

// A frame's length has one of three forms, chosen at 126 and at 65,536 bytes.
TEST_F(WebSocket, MessagesOfAllLengthsArrive) {
  start();
  create("orders");
  Upgrade json = upgrade(speaking("leat.json.v1"));
  std::set<std::size_t> lengths;
  const auto receive = [&] {
    const std::string message = json.receive();
    EXPECT_TRUE(boost::json::parse(message).is_object());
    lengths.insert(message.size());
  };
  for (std::size_t name = 1; name <= 200; ++name) {  // the refusal repeats it
    json.send(R"({"type":"publish","id":1,"topic":")" + std::string(name, 'x') + R"(","records":[{"value":""}]})");
    receive();
  }
  json.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"latest"})");
  receive();
  for (std::size_t value = 65'300; value <= 65'500; ++value) {
    ASSERT_EQ(publish("orders", std::string(value, 'x'), {{"Content-Type", "text/plain"}}).result_int(), 200U);
    receive();
  }
  for (const std::size_t length : {125U, 126U, 65'535U, 65'536U}) EXPECT_TRUE(lengths.contains(length)) << length;
}

TEST_F(WebSocket, AnEventThatCannotBeStoredClosesWithTheReason) {
  start();
  create("orders", 1, {{"max.message.bytes", "64KiB"}});
  Upgrade events = upgrade(speaking("cloudevents.json"), "/v1/ws?topic=orders&from=none");
  events.send(R"({"specversion":"1.0","id":"1","source":"/","type":"t","data":")" + std::string(100'000, 'x') + "\"}");
  EXPECT_EQ(events.wait_for_close(), close_code::too_big);
  Upgrade wrong = upgrade(speaking("cloudevents.json"), "/v1/ws?topic=orders&from=none");
  wrong.send(R"({"specversion":"1.0"})");
  EXPECT_EQ(wrong.wait_for_close(), close_code::bad_payload);
}

TEST_F(WebSocket, EventsThatCannotBeginEndWithTheReason) {
  start();
  create("orders");
  for (const char* query : {"from=99999", "partition=77", "from=0&partition=1"}) {
    Upgrade events = upgrade(speaking("cloudevents.json"), std::string("/v1/ws?topic=orders&") + query);
    EXPECT_EQ(events.status(), 101U);
    EXPECT_EQ(events.wait_for_close(), close_code::policy_error) << query;
  }
  EXPECT_EQ(ask("GET", "/health/live").result_int(), 200U);
}

TEST_F(WebSocket, ATopicThatGoesEndsTheCloudEventsOfIt) {
  start();
  create("orders");
  Upgrade events = upgrade(speaking("cloudevents.json"), "/v1/ws?topic=orders&from=earliest");
  publish("orders", "a");
  events.receive();
  ASSERT_EQ(ask("DELETE", "/v1/topics/orders").result_int(), 204U);
  EXPECT_EQ(events.wait_for_close(), close_code::policy_error);
}

TEST_F(WebSocket, ASlowSubscriberReceivesEverythingInOrder) {
  start();
  create("orders");
  Upgrade slow = upgrade(speaking("leat.json.v1"), "/v1/ws", 16 << 10);
  slow.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"earliest"})");
  slow.receive();
  const std::string large(500'000, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_EQ(publish("orders", large).result_int(), 200U);
  for (int expected = 0; expected < 40;) {
    const auto delivered = boost::json::parse(slow.receive());
    for (const auto& record : delivered.at("records").as_array()) {
      EXPECT_EQ(record.at("offset").to_number<int>(), expected++);
    }
  }
}

TEST_F(WebSocket, WhoLeavesInTheMiddleIsToldGoodbyeBehindWhatIsOnItsWay) {
  start();
  create("orders");
  Upgrade slow = upgrade(speaking("leat.json.v1"), "/v1/ws", 16 << 10);
  slow.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"earliest"})");
  slow.receive();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(publish("orders", std::string(500'000, 'x')).result_int(), 200U);
  EXPECT_FALSE(slow.close());
}

TEST_F(WebSocket, AFilteredSubscriberThatIsSlowKeepsOnlyWhatItChoseInMemory) {
  start();
  create("orders");
  const std::string others(1000, 'x');
  std::string batch = "[";
  for (int i = 0; i < 64; ++i) {
    if (i > 0) batch += ',';
    batch += R"({"specversion":"1.0","id":")" + std::to_string(i) + R"(","source":"/","type":")" + (i == 7 ? "this" : "other") +
             R"(","data":")" + others + "\"}";
  }
  batch += "]";
  Upgrade slow = upgrade(speaking("leat.json.v1"), "/v1/ws", 16 << 10);
  slow.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"earliest","filter":{"exact":{"type":"this"}}})");
  slow.receive();
  constexpr int kBatches = 50;
  for (int i = 0; i < kBatches; ++i) {
    ASSERT_EQ(publish("orders", batch, {{"Content-Type", "application/cloudevents-batch+json"}}).result_int(), 200U);
  }
  for (int expected = 0; expected < kBatches;) {
    const auto delivered = boost::json::parse(slow.receive());
    for (const auto& record : delivered.at("records").as_array()) {
      EXPECT_EQ(record.at("offset").to_number<int>(), 64 * expected++ + 7);
    }
  }
}

TEST_F(WebSocket, WhatIsSaidOfASubscriptionThatIsBeingMadeHappensInItsOrder) {
  start();
  create("orders");
  Upgrade json = upgrade(speaking("leat.json.v1"));
  // A time is looked up elsewhere meanwhile.
  json.send(R"({"type":"subscribe","id":1,"topic":"orders","from":"@-1h","credit":0})");
  json.send(R"({"type":"credit","id":1,"records":5})");
  json.send(R"({"type":"unsubscribe","id":1})");
  EXPECT_THAT(json.receive(), ::testing::HasSubstr(R"("type":"subscribed","id":1)"));
  EXPECT_EQ(json.receive(), R"({"type":"unsubscribed","id":1})");
}

TEST_F(WebSocket, WithoutCreditTheEndOfTheTopicIsToldAllTheSame) {
  start();
  create("orders");
  Upgrade json = upgrade(speaking("leat.json.v1"));
  json.send(R"({"type":"subscribe","id":1,"topic":"orders","credit":1})");
  json.receive();
  publish("orders", "a");
  EXPECT_THAT(json.receive(), ::testing::HasSubstr(R"("type":"deliver")"));
  publish("orders", "b");
  ASSERT_EQ(ask("DELETE", "/v1/topics/orders").result_int(), 204U);
  EXPECT_THAT(json.receive(), ::testing::HasSubstr(R"("type":"ended")"));
}

TEST_F(WebSocket, AHeadWithoutItsMessageIsGivenUp) {
  config.limits.frame_timeout_ms = 200;
  start();
  WebClient client = web();
  client.send_text(
      "GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: leat.json.v1\r\n\r\n");
  EXPECT_THAT(client.receive_to("\r\n\r\n"), ::testing::StartsWith("HTTP/1.1 101"));
  client.send_text(std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10));  // a text message of 2^63 - 1 bytes
  EXPECT_EQ(static_cast<unsigned char>(client.receive_to(std::string("\x03\xf0", 2)).front()), 0x88U) << "closed with 1008";
}

}  // namespace
}  // namespace leat::server
