#include "server/http/http_api.hpp"

#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

using ::testing::HasSubstr;

const HttpFields kShop{{"Origin", "https://shop.example"}};

/// What pages of other origins may do.
class Cors : public WebTest {
 protected:
  Cors() {
    config.http.allowed_origins = "https://shop.example http://localhost:3000";
    start();
  }
  HttpAnswer preflight(const std::string& target, HttpFields fields) {
    fields.emplace_back("Access-Control-Request-Method", "POST");
    fields.emplace_back("Access-Control-Request-Headers", "content-type, ce-id");
    return ask("OPTIONS", target, fields);
  }
};

TEST_F(Cors, APageThatIsListedMayAskAndReadTheAnswer) {
  const auto answer = ask("GET", "/v1/topics", kShop);
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_EQ(field_of(answer, "access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(field_of(answer, "vary"), "Origin");
  EXPECT_EQ(field_of(answer, "access-control-allow-credentials"), "none");
}

TEST_F(Cors, ItMayReadEveryFieldThatTheApiAnswersWith) {
  create("orders");
  const auto answer = ask("GET", "/v1/topics/orders/partitions/0/records", kShop);
  const std::string exposed = field_of(answer, "access-control-expose-headers");
  for (const char* name : {"Location", "Retry-After", "Leat-Next-Offset", "Leat-Log-Start", "Leat-High-Watermark"}) {
    EXPECT_THAT(exposed, HasSubstr(name));
  }
}

TEST_F(Cors, ItIsAskedForBeforehandWithWhatItWantsToSend) {
  const auto answer = preflight("/v1/topics/orders/events", kShop);
  EXPECT_EQ(answer.result_int(), 204U);
  EXPECT_EQ(field_of(answer, "access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(field_of(answer, "access-control-allow-methods"), "POST");
  EXPECT_EQ(field_of(answer, "access-control-allow-headers"), "content-type, ce-id");
  EXPECT_EQ(field_of(answer, "access-control-max-age"), "600");
  EXPECT_EQ(field_of(answer, "content-length"), "none") << "204 has no body";
}

TEST_F(Cors, ErrorsMayBeReadToo) {
  const auto answer = ask("GET", "/v1/topics/nothing", kShop);
  EXPECT_EQ(answer.result_int(), 404U);
  EXPECT_EQ(field_of(answer, "access-control-allow-origin"), "https://shop.example");
}

TEST_F(Cors, AStreamMayBeReadToo) {
  create("orders");
  const EventStream events(server->http_port(), "/v1/topics/orders/stream", kShop);
  EXPECT_THAT(events.head(), HasSubstr("access-control-allow-origin: https://shop.example\r\n"));
}

TEST_F(Cors, APageThatIsNotListedMayNothing) {
  for (const HttpFields& fields : {HttpFields{{"Origin", "https://evil.example"}}, HttpFields{{"Origin", "null"}}}) {
    for (const auto& answer :
         {ask("GET", "/v1/topics", fields), preflight("/v1/topics", fields), ask("POST", "/v1/topics", fields, "{}")}) {
      EXPECT_EQ(answer.result_int(), 403U);
      EXPECT_EQ(field_of(answer, "access-control-allow-origin"), "none");
    }
  }
}

TEST_F(Cors, TheDaemonsOwnPageNeedsNoPermission) {
  const auto answer = ask("GET", "/v1/topics", {{"Host", "localhost:7421"}, {"Origin", "http://localhost:7421"}});
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_EQ(field_of(answer, "access-control-allow-origin"), "none");
}

TEST_F(Cors, ANameThatWasMadeToResolveHereIsMisdirected) {
  for (const char* origin : {"", "http://evil.example:7421", "https://shop.example"}) {
    const auto answer = ask("GET", "/v1/topics", {{"Host", "evil.example:7421"}, {"Origin", origin}});
    EXPECT_EQ(answer.result_int(), 421U) << origin;
    EXPECT_EQ(field_of(answer, "access-control-allow-origin"), "none") << origin;
  }
  EXPECT_EQ(ask("GET", "/v1/topics", {{"Host", "shop.example"}}).result_int(), 200U) << "somebody's proxy";
}

class Api : public WebTest {
 protected:
  Api() { start(); }
};

TEST_F(Api, OptionsSayWhichMethodsThereAre) {
  const auto answer = ask("OPTIONS", "/v1/topics");
  EXPECT_EQ(answer.result_int(), 204U);
  EXPECT_EQ(field_of(answer, "allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(field_of(answer, "access-control-allow-methods"), "none");
}

TEST_F(Api, WhatIsNowhereIsNotFoundWithAnyMethod) {
  for (const char* method : {"GET", "HEAD", "POST", "OPTIONS", "PURGE"}) {
    EXPECT_EQ(ask(method, "/v1/nothing").result_int(), 404U) << method;
  }
  EXPECT_EQ(code_of(ask("GET", "/v1/nothing")), "unsupported_request");
}

TEST_F(Api, ANameInAPathMayBeEncoded) {
  create("orders");
  EXPECT_EQ(ask("GET", "/v1/%74opics/%6frders").result_int(), 200U);
}

TEST_F(Api, AWebSocketsPathAsksForAnUpgrade) {
  const auto answer = ask("GET", "/v1/ws");
  EXPECT_EQ(answer.result_int(), 426U);
  EXPECT_EQ(field_of(answer, "upgrade"), "websocket");
}

TEST_F(Api, HealthIsLiveAndReady) {
  EXPECT_EQ(ask("GET", "/health/live").body(), "{\"status\":\"live\"}\n");
  EXPECT_EQ(ask("GET", "/health/ready").body(), "{\"status\":\"ready\"}\n");
}

}  // namespace
}  // namespace leat::server
