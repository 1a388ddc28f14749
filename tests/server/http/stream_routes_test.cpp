#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

using ::testing::HasSubstr;

namespace json = boost::json;

class StreamRoutes : public WebTest {
 protected:
  StreamRoutes() {
    start();
    create("orders");
    for (const char* value : {"a", "b", "c"}) publish("orders", value);
  }
  EventStream stream(const std::string& query, const HttpFields& fields = {}) {
    return EventStream(server->http_port(), "/v1/topics/orders/stream" + query, fields);
  }
  static std::string value_of(const EventStream::Event& event) {
    return std::string(json::parse(event.data).at("record").at("value").as_string());
  }
  HttpAnswer refused(const std::string& query, const HttpFields& fields = {}) {
    return ask("GET", "/v1/topics/orders/stream" + query, fields);
  }
  static HttpFields last(const std::string& id) { return {{"Last-Event-ID", id}}; }
};

TEST_F(StreamRoutes, FirstSaysWhereItBegins) {
  EventStream events = stream("");
  EXPECT_THAT(events.head(), HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(events.head(), HasSubstr("content-type: text/event-stream\r\n"));
  EXPECT_THAT(events.head(), HasSubstr("Connection: close\r\n"));
  const auto start = events.next();
  EXPECT_EQ(start.name, "start");
  EXPECT_EQ(start.id, "0:3");
  publish("orders", "d");
  const auto event = events.next();
  EXPECT_EQ(event.id, "0:4");
  EXPECT_EQ(event.name, "");
  EXPECT_EQ(value_of(event), "d");
}

TEST_F(StreamRoutes, EveryEventIsARecordWithItsPlace) {
  EventStream events = stream("?from=1");
  events.next();
  const json::value data = json::parse(events.next().data);
  EXPECT_EQ(data.at("partition").to_number<int>(), 0);
  EXPECT_EQ(data.at("record").at("offset").to_number<int>(), 1);
  EXPECT_EQ(value_of(events.next()), "c");
}

TEST_F(StreamRoutes, EventsMayBeCloudEvents) {
  EventStream events = stream("?from=earliest&form=cloudevents");
  events.next();
  const json::value event = json::parse(events.next().data);
  EXPECT_EQ(event.at("type").as_string(), "leat.record");
  EXPECT_EQ(event.at("leatoffset").as_string(), "0");
}

TEST_F(StreamRoutes, AFilterChooses) {
  ask("POST", "/v1/topics/orders/events?key=7", {}, "d");
  EventStream events = stream("?from=earliest&filter=%7B%22exact%22%3A%7B%22%24key%22%3A%227%22%7D%7D");
  events.next();
  EXPECT_EQ(value_of(events.next()), "d");
}

TEST_F(StreamRoutes, WhoComesBackGoesOnBehindHisLastEvent) {
  EXPECT_EQ(stream("", last("0:1")).next().id, "0:1");
  EventStream events = stream("", last("0:1"));
  events.next();
  EXPECT_EQ(value_of(events.next()), "b");
}

TEST_F(StreamRoutes, TheLastEventCountsMoreThanTheAddressThatIsAskedAgain) {
  // What the address names may be deleted meanwhile; the browser repeats it all the same.
  EventStream events = stream("?from=99", last("0:2"));
  EXPECT_EQ(events.next().id, "0:2");
  EXPECT_EQ(value_of(events.next()), "c");
}

TEST_F(StreamRoutes, APartitionThatCameMeanwhileIsReadFromItsBeginning) {
  ASSERT_EQ(ask("PATCH", "/v1/topics/orders", {}, R"({"partitions":2})").result_int(), 200U);
  ask("POST", "/v1/topics/orders/events?partition=1", {}, "new");
  EventStream events = stream("", last("0:3"));
  EXPECT_EQ(events.next().id, "0:3,1:0");
  EXPECT_EQ(value_of(events.next()), "new");
}

TEST_F(StreamRoutes, ATopicThatWasCreatedAnewIsReadFromItsBeginning) {
  // Fewer records than the last event was behind: it was another topic's.
  EventStream events = stream("", last("0:99"));
  EXPECT_EQ(events.next().id, "0:0");
  EXPECT_EQ(value_of(events.next()), "a");
}

TEST_F(StreamRoutes, WhatIsNoIdOfAnEventIsRefused) {
  for (const char* id : {"x", "0", "0:", ":1", "0:1;1:2", "0:-1", "-1:0", "0:99999999999999999999"}) {
    const auto answer = refused("", last(id));
    EXPECT_EQ(answer.result_int(), 400U) << id;
    EXPECT_EQ(code_of(answer), "invalid_argument") << id;
  }
}

TEST_F(StreamRoutes, WhatIsNoQueryIsRefused) {
  for (const char* query :
       {"?from=none", "?from=yesterday", "?from=-1", "?form=xml", "?filter=x", "?partition=all", "?limit=1"}) {
    const auto answer = refused(query);
    EXPECT_EQ(answer.result_int(), 400U) << query;
    EXPECT_EQ(code_of(answer), "invalid_argument") << query;
  }
}

TEST_F(StreamRoutes, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(code_of(refused("?partition=1")), "unknown_partition");
  EXPECT_EQ(code_of(refused("?from=4")), "offset_out_of_range");
  EXPECT_EQ(code_of(ask("GET", "/v1/topics/ordrs/stream")), "unknown_topic");
}

TEST_F(StreamRoutes, OfTooManyPartitionsOneIsToBeChosen) {
  create("wide", 101);
  const auto answer = ask("GET", "/v1/topics/wide/stream");
  EXPECT_EQ(answer.result_int(), 429U);
  EXPECT_EQ(code_of(answer), "limit_reached");
  EXPECT_EQ(EventStream(server->http_port(), "/v1/topics/wide/stream?partition=100").next().id, "100:0");
}

TEST_F(StreamRoutes, ATopicThatGoesEndsItsStreams) {
  EventStream events = stream("");
  events.next();
  ASSERT_EQ(ask("DELETE", "/v1/topics/orders").result_int(), 204U);
  EXPECT_EQ(events.next().name, "ended");
  EXPECT_TRUE(events.is_closed());
}

TEST_F(StreamRoutes, AStreamEndsWithTheServer) {
  EventStream events = stream("");
  events.next();
  ASSERT_TRUE(server->stop().has_value());
  EXPECT_TRUE(events.is_closed());
}

}  // namespace
}  // namespace leat::server
