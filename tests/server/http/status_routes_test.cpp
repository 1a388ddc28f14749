#include "server/support/web_test.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;

class StatusRoutes : public WebTest {
 protected:
  json::value status() { return json_of(ask("GET", "/v1/status")); }
  static int number(const json::value& object, const char* name) { return object.at(name).to_number<int>(); }
  static json::value named(const json::value& clients, const std::string& protocol) {
    for (const auto& client : clients.as_array()) {
      if (client.at("protocol").as_string() == protocol) return client;
    }
    return nullptr;
  }
};

TEST_F(StatusRoutes, AFreshBrokerIsReadyAndEmpty) {
  start();
  const auto answer = ask("GET", "/v1/status");
  EXPECT_EQ(field_of(answer, "content-type"), "application/json");
  EXPECT_EQ(field_of(answer, "cache-control"), "no-store");
  const json::value said = json_of(answer);
  EXPECT_EQ(said.at("version").as_string(), kVersion);
  EXPECT_EQ(said.at("state").as_string(), "ready");
  EXPECT_EQ(said.at("data_dir").as_string(), config.data_dir);
  EXPECT_EQ(number(said, "threads"), 3);
  for (const char* name : {"topics", "topics_durable", "partitions", "records_taken", "records_kept", "size_bytes"}) {
    EXPECT_EQ(number(said, name), 0) << name;
  }
  EXPECT_GT(said.at("disk_total_bytes").to_number<std::int64_t>(), said.at("disk_free_bytes").to_number<std::int64_t>());
  EXPECT_EQ(number(said, "disk_reserve_bytes"), 0);
}

TEST_F(StatusRoutes, CountsWhatThereIsOverAllTopics) {
  start();
  create("orders", 3);
  create("logs", 1, {{"durability", "os"}});
  publish("orders", "a");
  publish("logs", "b");
  publish("logs", "c");
  const json::value said = status();
  EXPECT_EQ(number(said, "topics"), 2);
  EXPECT_EQ(number(said, "topics_durable"), 1);
  EXPECT_EQ(number(said, "partitions"), 4);
  EXPECT_EQ(number(said, "records_taken"), 3);
  EXPECT_EQ(number(said, "records_kept"), 3);
  EXPECT_GT(number(said, "size_bytes"), 0);
}

TEST_F(StatusRoutes, TheBrokerKeepsItsIdAndItsRecords) {
  start();
  create("orders");
  publish("orders", "a");
  const json::value before = status();
  restart();
  EXPECT_EQ(status().at("broker_id"), before.at("broker_id"));
  EXPECT_EQ(number(status(), "records_kept"), 1);
}

TEST_F(StatusRoutes, ConnectionsOfAllListenersAreCounted) {
  start();
  RawClient native = client();
  WebClient http = web();
  EXPECT_EQ(json_of(http.ask("GET", "/v1/status")).at("connections").to_number<int>(), 2);
}

TEST_F(StatusRoutes, EveryClientIsListedWithItsProtocolAndName) {
  start();
  create("orders");
  RawClient native = client();
  WebSocketClient socket(server->http_port(), "/v1/ws", "leat.json.v1");
  EventStream events(server->http_port(), "/v1/topics/orders/stream", {{"User-Agent", "a browser"}});
  events.next();
  const json::value listed = json_of(ask("GET", "/v1/clients", {{"User-Agent", "curl/8"}})).at("clients");
  EXPECT_EQ(named(listed, "sse").at("name").as_string(), "a browser");
  EXPECT_EQ(named(listed, "http").at("name").as_string(), "curl/8");
  EXPECT_TRUE(named(listed, "ws:leat.json.v1").is_object());
  EXPECT_TRUE(named(listed, "leat.v1").is_object());
  EXPECT_TRUE(named(listed, "http").at("peer").as_string().starts_with("127.0.0.1:"));
  EXPECT_GT(named(listed, "http").at("since").to_number<std::int64_t>(), 1'700'000'000'000);
}

TEST_F(StatusRoutes, ClientsAreListedInTheOrderOfTheirIds) {
  start();
  WebClient first = web();
  first.ask("GET", "/health/live", {{"User-Agent", "first"}});
  WebClient second = web();
  second.ask("GET", "/health/live", {{"User-Agent", "second"}});
  const json::array all = json_of(second.ask("GET", "/v1/clients")).at("clients").as_array();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at(0).at("name").as_string(), "first");
  const std::string behind = std::to_string(all.at(0).at("id").to_number<int>());
  const json::array rest = json_of(second.ask("GET", "/v1/clients?after=" + behind)).at("clients").as_array();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest.at(0).at("name").as_string(), "second");
}

TEST_F(StatusRoutes, APageOfClientsSaysWhetherThereAreMore) {
  start();
  EXPECT_FALSE(json_of(ask("GET", "/v1/clients")).at("more").as_bool());
  EXPECT_EQ(json_of(ask("GET", "/v1/clients?after=1000000")).at("clients").as_array().size(), 0U);
}

TEST_F(StatusRoutes, WhatIsNoQueryForClientsIsRefused) {
  start();
  for (const char* query : {"?after=", "?after=x", "?after=-1", "?after=1.5", "?limit=1", "?after=99999999999999999999"}) {
    const auto answer = ask("GET", std::string("/v1/clients") + query);
    EXPECT_EQ(answer.result_int(), 400U) << query;
    EXPECT_EQ(code_of(answer), "invalid_argument") << query;
  }
}

TEST_F(StatusRoutes, BothAreOnlyRead) {
  start();
  for (const char* target : {"/v1/status", "/v1/clients"}) {
    const auto answer = ask("POST", target, {}, "x");
    EXPECT_EQ(answer.result_int(), 405U) << target;
    EXPECT_EQ(field_of(answer, "allow"), "GET, HEAD") << target;
  }
}

}  // namespace
}  // namespace leat::server
