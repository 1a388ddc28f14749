#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "server/http/http_date.hpp"
#include "server/support/http_client.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Response = http::response<http::string_body>;

/// What HTTP and CloudEvents ask of a server, whatever it serves.
class HttpRules : public ServerTest {
 protected:
  HttpRules() { config.http.allowed_origins = "https://shop.example"; }

  /// The answer to exactly these bytes; of a HEAD, only the head.
  static Response answer_on(boost::asio::ip::tcp::socket& socket, const std::string& request) {
    boost::asio::write(socket, boost::asio::buffer(request));
    http::response_parser<http::string_body> parser;
    parser.skip(request.starts_with("HEAD "));
    boost::beast::flat_buffer buffer;
    http::read(socket, buffer, parser);
    return parser.release();
  }
  Response answer(const std::string& request) {
    boost::asio::io_context io;
    auto socket = connect_to(io, server->http_port());
    return answer_on(socket, request);
  }
  Response post_event(const std::string& fields) {
    return answer("POST /v1/topics/orders/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n" + fields + "\r\na");
  }
  Response get(const std::string& target) { return ask_http(server->http_port(), http::verb::get, target); }
};

TEST(HttpDate, IsWrittenAsHttpWantsIt) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_F(HttpRules, EveryAnswerHasItsDate) {
  start();
  for (const std::string target : {"/health/live", "/nothing", "/v1/topics"}) {
    EXPECT_THAT(std::string(get(target)[http::field::date]), MatchesRegex("[A-Z][a-z]{2}, .* GMT")) << target;
  }
  create("orders");
  const Response head = answer("HEAD /v1/topics/orders/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(std::string(head[http::field::date]), HasSubstr("GMT"));
}

TEST_F(HttpRules, ARequestHasOneHost) {
  start();
  EXPECT_EQ(answer("GET /health/live HTTP/1.1\r\n\r\n").result_int(), 400U);
  EXPECT_EQ(answer("GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").result_int(), 400U);
  EXPECT_EQ(answer("GET /health/live HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n").result_int(), 400U);
  EXPECT_EQ(answer("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").result_int(), 200U);
  EXPECT_EQ(answer("GET /health/live HTTP/1.0\r\n\r\n").result_int(), 200U);
}

TEST_F(HttpRules, AttributesWithoutASpecversionAreNoEventAndNoBytesEither) {
  start();
  create("orders");
  for (const std::string field : {"ce-id: 1\r\n", "Ce-Type: t\r\n", "ce-source: /a\r\n", "ce-specversion:\r\n"}) {
    const Response refused = post_event(field);
    EXPECT_EQ(refused.result_int(), 400U) << field;
    EXPECT_THAT(refused.body(), HasSubstr("ce-specversion")) << field;
  }
  EXPECT_EQ(post_event("Ce-Specversion: 1.0\r\nce-id: 1\r\nce-type: \"a t\"\r\nce-source: /a\r\n").result_int(), 200U);
  EXPECT_EQ(post_event("").result_int(), 200U);
  const json::value stored = json::parse(get("/v1/topics/orders/partitions/0/records").body());
  ASSERT_EQ(stored.at("records").as_array().size(), 2U) << "nothing of what was refused";
  EXPECT_THAT(get("/v1/topics/orders/partitions/0/records").body(), HasSubstr(R"("value":"a t")"));
}

TEST_F(HttpRules, APageThatMayAskMayReadWhyItWasRefused) {
  start();
  const std::string from_page = "Host: localhost\r\nOrigin: https://shop.example\r\n";
  const Response too_large = answer("POST /v1/topics HTTP/1.1\r\n" + from_page + "Content-Length: 99999999\r\n\r\n");
  EXPECT_EQ(too_large.result_int(), 413U);
  EXPECT_EQ(too_large[http::field::access_control_allow_origin], "https://shop.example");
  const Response no_target = answer("GET /%zz HTTP/1.1\r\n" + from_page + "\r\n");
  EXPECT_EQ(no_target.result_int(), 400U);
  EXPECT_EQ(no_target[http::field::access_control_allow_origin], "https://shop.example");
  const Response stranger = answer("GET /%zz HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n");
  EXPECT_EQ(stranger.count(http::field::access_control_allow_origin), 0U);
}

TEST_F(HttpRules, TheTitleOfAProblemIsTheNameOfItsStatus) {
  start();
  const json::value problem = json::parse(get("/v1/topics/orders").body());
  EXPECT_EQ(problem.at("title").as_string(), "Not Found");
  EXPECT_EQ(problem.at("detail").as_string(), "unknown topic: orders");
  EXPECT_EQ(problem.at("code").as_string(), "unknown_topic");
}

TEST_F(HttpRules, ABrokerOnItsWayDownIsLiveAndNotReady) {
  start();
  EXPECT_EQ(get("/health/ready").result_int(), 200U);
  server->broker().begin_drain();
  const Response draining = get("/health/ready");
  EXPECT_EQ(draining.result_int(), 503U);
  EXPECT_EQ(json::parse(draining.body()).at("code").as_string(), "shutting_down");
  EXPECT_EQ(get("/health/live").result_int(), 200U);
}

TEST_F(HttpRules, ABrokerWithAFullDiskIsReadyAndRefusesWhatNeedsRoom) {
  start();
  create("orders");
  server.reset();
  config.storage.disk_reserve_bytes = std::uint64_t{1} << 60;
  start();
  ASSERT_TRUE(server->broker().store().check_space().has_value());
  EXPECT_EQ(ask_http(server->http_port(), http::verb::post, "/v1/topics/orders/events", "a").result_int(), 507U);
  EXPECT_EQ(get("/v1/topics/orders/partitions/0/records").result_int(), 200U);
  EXPECT_EQ(get("/health/ready").result_int(), 200U);
}

}  // namespace
}  // namespace leat::server
