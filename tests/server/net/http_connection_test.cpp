#include "server/net/http_connection.hpp"

#include <list>
#include <sstream>

#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

using ::testing::StartsWith;

constexpr std::string_view kOneMoreRequest = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HttpConnectionTest : public WebTest {
 protected:
  HttpConnectionTest() {
    config.limits.frame_bytes_max = 1100 * kKiB;
    config.limits.receive_bytes_max = 2 * kMiB;
  }
  static std::string chunked(std::string_view target, std::size_t bytes) {
    std::ostringstream request;
    request << "POST " << target << " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            << std::hex << bytes << "\r\n"
            << std::string(bytes, 'x') << "\r\n0\r\n\r\n";
    return request.str();
  }
};

TEST_F(HttpConnectionTest, OneConnectionTakesOneRequestAfterTheOther) {
  start();
  WebClient client = web();
  for (const char* target : {"/health/live", "/nothing", "/v1/topics", "/health/ready"}) {
    const auto answer = client.ask("GET", target);
    EXPECT_TRUE(answer.keep_alive()) << target;
  }
}

TEST_F(HttpConnectionTest, ClosesAfterTheAnswerWhenItIsAskedTo) {
  start();
  WebClient client = web();
  const auto answer = client.ask("GET", "/health/live", {{"Connection", "close"}});
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_EQ(field_of(answer, "connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpConnectionTest, APeerOfVersionOneZeroIsAnsweredAndClosed) {
  start();
  WebClient client = web();
  client.send_text("GET /health/live HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().body(), "{\"status\":\"live\"}\n");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpConnectionTest, RequestsThatWereSentAheadAreAnsweredInTheirOrder) {
  start();
  create("orders");
  WebClient client = web();
  for (const char* body : {"a", "b", "c"}) client.send("POST", "/v1/topics/orders/events", {}, body);
  client.send("GET", "/v1/topics/orders/partitions/0/records");
  for (int offset = 0; offset < 3; ++offset) {
    EXPECT_EQ(json_of(client.receive()).at("records").at(0).at("offset").to_number<int>(), offset);
  }
  EXPECT_EQ(json_of(client.receive()).at("records").as_array().size(), 3U);
}

TEST_F(HttpConnectionTest, HeadIsAnsweredAsGetWithoutTheBody) {
  start();
  WebClient client = web();
  for (const char* target : {"/health/live", "/v1/topics", "/v1/openapi.json", "/nothing"}) {
    const auto get = client.ask("GET", target);
    const auto head = client.ask("HEAD", target);
    EXPECT_EQ(head.result_int(), get.result_int()) << target;
    EXPECT_EQ(field_of(head, "content-length"), field_of(get, "content-length")) << target;
    EXPECT_EQ(field_of(head, "content-type"), field_of(get, "content-type")) << target;
    EXPECT_EQ(head.body(), "") << target;
  }
}

TEST_F(HttpConnectionTest, HeadOfAStreamIsItsHeadAlone) {
  start();
  create("orders");
  WebClient client = web();
  const auto head = client.ask("HEAD", "/v1/topics/orders/stream");
  EXPECT_EQ(head.result_int(), 200U);
  EXPECT_EQ(field_of(head, "content-type"), "text/event-stream");
  EXPECT_EQ(client.ask("GET", "/health/live").body(), "{\"status\":\"live\"}\n") << "and the connection goes on";
}

TEST_F(HttpConnectionTest, ABodyThatWaitsForAWordIsAskedFor) {
  start();
  create("orders");
  WebClient client = web();
  client.send_text(
      "POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send_text("hello");
  EXPECT_EQ(client.receive().result_int(), 200U);
  EXPECT_EQ(records_of("orders").at(0).at("value").as_string(), "hello");
}

TEST_F(HttpConnectionTest, ABodyThatIsTooLargeIsNotAskedFor) {
  start();
  create("orders");
  WebClient client = web();
  client.send_text(
      "POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.result_int(), 413U);
  EXPECT_EQ(code_of(answer), "frame_too_large");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpConnectionTest, ARefusedPagesBodyIsNotAskedForEither) {
  start();
  WebClient client = web();
  client.send_text(
      "POST /v1/topics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 5\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 403U);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpConnectionTest, ABodyMayComeInChunks) {
  start();
  create("orders");
  WebClient client = web();
  client.send_text(
      "POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 200U);
  EXPECT_EQ(records_of("orders").at(0).at("value").as_string(), "hello world");
}

TEST_F(HttpConnectionTest, ChunksThatAreTogetherTooLargeAreRefused) {
  config.limits.frame_bytes_max = 64 * kKiB;
  config.topic_defaults.max_message_bytes = 32 * kKiB;
  start();
  for (const std::size_t too_many : {1U, 10U, 1000U, 500'000U}) {
    WebClient client = web();
    client.send_text(chunked("/v1/topics", 64 * kKiB + too_many));
    const auto answer = client.receive();
    EXPECT_EQ(answer.result_int(), 413U) << too_many;
    EXPECT_EQ(code_of(answer), "frame_too_large") << too_many;
  }
  WebClient client = web();
  client.send_text(chunked("/v1/topics", 64 * kKiB));
  EXPECT_EQ(client.receive().result_int(), 400U) << "as much as may be, and no JSON";
}

TEST_F(HttpConnectionTest, BodiesBeyondTheMemoryForThemWaitOrAreToldToComeLater) {
  start();
  create("orders");
  const std::string head = "POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n";
  const std::string almost(kMiB - 1, 'x');
  WebClient first = web();
  first.send_text(head + almost);
  WebClient second = web();
  second.send_text(head + almost);
  while (metric("leat_buffer_bytes{buffer=\"receive\"}") < 2 * kMiB) continue;
  EXPECT_EQ(publish("orders", "small").result_int(), 200U) << "has its own";
  WebClient chunked = web();
  chunked.send_text("POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  const auto refused = chunked.receive();
  EXPECT_EQ(refused.result_int(), 503U);
  EXPECT_EQ(code_of(refused), "overloaded");
  EXPECT_EQ(field_of(refused, "retry-after"), "1");
  first.send_text("x");
  EXPECT_EQ(first.receive().result_int(), 413U) << "who has its place keeps it: read to its end, and too large for the topic";
}

TEST_F(HttpConnectionTest, WhoStopsWithinABodyThatOthersNeedTheMemoryForIsClosed) {
  start();
  create("orders");
  const std::string head = "POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n";
  WebClient deaf = web();
  deaf.send_text(head + "x");
  WebClient other = web();
  other.send_text(head + "x");
  while (metric("leat_buffer_bytes{buffer=\"receive\"}") < 2 * kMiB) continue;
  WebClient honest = web();
  honest.send_text(head + std::string(kMiB, 'x'));
  EXPECT_EQ(honest.receive().result_int(), 413U) << "read to its end, and too large for the topic";
  EXPECT_GE(metric("leat_connections_evicted_total"), 1U);
}

TEST_F(HttpConnectionTest, DeafReadersOfLargeAnswersDoNotKeepOthersFromTheirs) {
  config.limits.send_bytes_max = 8 * kMiB;
  start();
  create("orders", 1, {});
  const std::string large(900'000, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_EQ(publish("orders", large).result_int(), 200U);
  std::list<WebClient> deaf;
  for (int i = 0; i < 4; ++i) {
    deaf.emplace_back(server->http_port());
    deaf.back().send("GET", "/v1/topics/orders/partitions/0/records?limit=10000");
  }
  // More than the sockets take.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(records_of("orders", 0, "?limit=10000").as_array().size(), 5U);
}

TEST_F(HttpConnectionTest, BodiesInOtherCodingsAreRefusedAndNothingBehindThemIsARequest) {
  start();
  create("orders");
  for (const std::string coding : {"gzip", "chunked, chunked", "chunked, identity", "xchunked"}) {
    WebClient client = web();
    client.send_text("POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " + coding +
                     "\r\n\r\nDELETE /v1/topics/orders HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_GE(client.receive().result_int(), 400U) << coding;
    EXPECT_TRUE(client.is_closed()) << coding;
  }
  EXPECT_EQ(ask("GET", "/v1/topics/orders").result_int(), 200U);
}

TEST_F(HttpConnectionTest, AHeadThatIsTooLargeIsRefused) {
  start();
  WebClient client = web();
  client.send_text("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.result_int(), 431U);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpConnectionTest, TheFormThatProxiesSendIsUnderstood) {
  start();
  WebClient client = web();
  client.send_text("GET http://localhost/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 200U);
  client.send_text("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 400U);
}

TEST_F(HttpConnectionTest, OneConnectionTooManyIsToldToComeLater) {
  config.limits.connections_max = 1;
  start();
  WebClient first = web();
  ASSERT_EQ(first.ask("GET", "/health/live").result_int(), 200U);
  WebClient second = web();
  const auto refused = second.receive();
  EXPECT_EQ(refused.result_int(), 503U);
  EXPECT_EQ(field_of(refused, "retry-after"), "1");
  EXPECT_EQ(field_of(refused, "content-type"), "application/problem+json");
  EXPECT_EQ(json_of(refused).at("status").to_number<int>(), 503);
  EXPECT_EQ(code_of(refused), "overloaded");
  EXPECT_TRUE(json_of(refused).at("retriable").as_bool());
  EXPECT_EQ(first.ask("GET", "/health/live").result_int(), 200U);
}

TEST_F(HttpConnectionTest, AnIdleConnectionEndsWithTheServer) {
  start();
  WebClient idle = web();
  ASSERT_EQ(idle.ask("GET", "/health/live").result_int(), 200U);
  ASSERT_TRUE(server->stop().has_value());
  EXPECT_TRUE(idle.is_closed());
}

TEST_F(HttpConnectionTest, SaysWhichServerAnswers) {
  start();
  EXPECT_THAT(field_of(ask("GET", "/health/live"), "server"), StartsWith("leatd/"));
}

TEST_F(HttpConnectionTest, WhatComesBehindARefusedUpgradeIsNoRequest) {
  start();
  WebClient client = web();
  client.send_text(
      "GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: leat.json.v1\r\n\r\n" +
      std::string(kOneMoreRequest));
  EXPECT_EQ(client.receive().result_int(), 400U);
  EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace leat::server
