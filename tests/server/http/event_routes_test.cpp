#include <array>

#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

using ::testing::ElementsAre;

constexpr const char* kEvent =
    R"({"specversion":"1.0","id":"1","source":"/shop","type":"order.placed","partitionkey":"7","data":{"order":7}})";
const HttpFields kStructured{{"Content-Type", "application/cloudevents+json"}};
const HttpFields kBatch{{"Content-Type", "application/cloudevents-batch+json"}};
const HttpFields kBinary{{"Content-Type", "application/json"},
                         {"ce-specversion", "1.0"},
                         {"ce-id", "1"},
                         {"ce-source", "/shop"},
                         {"ce-type", "order.placed"}};

class EventRoutes : public WebTest {
 protected:
  EventRoutes() {
    start();
    orders_ = create_partition("orders", {{"max.message.bytes", "64KiB"}});
  }
  std::string header(const std::string& name, std::size_t record = 0) {
    const auto records = records_of("orders");
    for (const auto& header : records.at(record).at("headers").as_array()) {
      if (header.at("name").as_string() == name) return std::string(header.at("value").as_string());
    }
    return "none";
  }

  native::TopicPartition orders_;
};

TEST_F(EventRoutes, ABodyOfNoSpecialTypeIsARecord) {
  const auto answer = publish("orders", "hello", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_EQ(answer.body(), "{\"records\":[{\"partition\":0,\"offset\":0,\"ack\":\"durable\"}]}\n");
  EXPECT_EQ(records_of("orders").at(0).at("value").as_string(), "hello");
  EXPECT_TRUE(records_of("orders").at(0).at("key").is_null());
  EXPECT_EQ(header("content-type"), "text/plain");
}

TEST_F(EventRoutes, AnEmptyBodyIsAnEmptyRecord) {
  EXPECT_EQ(ask("POST", "/v1/topics/orders/events", {{"Content-Length", "0"}}).result_int(), 200U);
  EXPECT_EQ(records_of("orders").at(0).at("value").as_string(), "");
}

TEST_F(EventRoutes, AnEventMayBeStructuredBinaryOrInABatch) {
  EXPECT_EQ(publish("orders", kEvent, kStructured).result_int(), 200U);
  EXPECT_EQ(publish("orders", R"({"order":7})", kBinary).result_int(), 200U);
  const auto batch = publish("orders", "[" + std::string(kEvent) + "," + kEvent + "]", kBatch);
  EXPECT_EQ(json_of(batch).at("records").as_array().size(), 2U);
  const auto records = records_of("orders").as_array();
  ASSERT_EQ(records.size(), 4U);
  for (const auto& record : records) EXPECT_EQ(record.at("value").as_string(), R"({"order":7})");
  EXPECT_EQ(records.at(0).at("key").as_string(), "7");
  EXPECT_TRUE(records.at(1).at("key").is_null());
}

TEST_F(EventRoutes, AnEmptyBatchStoresNothing) {
  EXPECT_EQ(publish("orders", "[]", kBatch).body(), "{\"records\":[]}\n");
  EXPECT_TRUE(records_of("orders").as_array().empty());
}

TEST_F(EventRoutes, TheQueryChoosesKeyPartitionAndLevel) {
  create("wide", 3);
  const auto answer = ask("POST", "/v1/topics/wide/events?partition=2&key=a%20b&ack=written", kStructured, kEvent);
  EXPECT_EQ(answer.body(), "{\"records\":[{\"partition\":2,\"offset\":0,\"ack\":\"written\"}]}\n");
  ask("POST", "/v1/topics/wide/events?partition=2", {}, "durable, and so is what came before");
  EXPECT_EQ(records_of("wide", 2).at(0).at("key").as_string(), "a b");
}

struct Refused {
  const char* target;
  HttpFields fields;
  std::string body;
  unsigned status;
  const char* code;
};

TEST_F(EventRoutes, WhatIsWrongIsAProblemAndStoresNothing) {
  const HttpFields xml{{"Content-Type", "application/cloudevents+xml"}};
  const HttpFields avro_batch{{"Content-Type", "application/cloudevents-batch+avro"}};
  const HttpFields binary_without_id{{"ce-specversion", "1.0"}, {"ce-source", "/shop"}, {"ce-type", "t"}};
  const HttpFields binary_of_the_future{{"ce-specversion", "2.0"}, {"ce-id", "1"}, {"ce-source", "/shop"}, {"ce-type", "t"}};
  const std::string one = kEvent;
  const std::array refused{
      Refused{"/v1/topics/orders/events?ack=all", {}, "x", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events?partition=one", {}, "x", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events?partition=-1", {}, "x", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events?keys=a", {}, "x", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events?partition=1", {}, "x", 404, "unknown_partition"},
      Refused{"/v1/topics/ordrs/events", {}, "x", 404, "unknown_topic"},
      Refused{"/v1/topics/orders%2F/events", {}, "x", 404, "unknown_topic"},
      Refused{"/v1/topics/orders/events", kStructured, "{", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", kStructured, "[" + one + "]", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", kStructured, R"({"specversion":"1.0","id":"1"})", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", kBatch, one, 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", kBatch, "[" + one + ",7]", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", binary_without_id, "x", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", binary_of_the_future, "x", 400, "invalid_argument"},
      Refused{"/v1/topics/orders/events", xml, "<event/>", 415, "unsupported_request"},
      Refused{"/v1/topics/orders/events", avro_batch, "x", 415, "unsupported_request"},
      Refused{"/v1/topics/orders/events", {}, std::string(70'000, 'x'), 413, "batch_too_large"},
  };
  for (const Refused& one_refused : refused) {
    const auto answer = ask("POST", one_refused.target, one_refused.fields, one_refused.body);
    EXPECT_EQ(answer.result_int(), one_refused.status) << one_refused.target << " " << one_refused.body.substr(0, 40);
    EXPECT_EQ(code_of(answer), one_refused.code) << one_refused.target << " " << one_refused.body.substr(0, 40);
    EXPECT_EQ(field_of(answer, "retry-after"), "none");
  }
  EXPECT_TRUE(records_of("orders").as_array().empty());
}

TEST_F(EventRoutes, OtherMethodsLearnWhichThereIs) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "PATCH"}) {
    const auto answer = ask(method, "/v1/topics/orders/events");
    EXPECT_EQ(answer.result_int(), 405U) << method;
    EXPECT_EQ(field_of(answer, "allow"), "POST") << method;
  }
}

TEST_F(EventRoutes, OfABatchWithAnEventThatIsTooLargeNothingIsStored) {
  const std::string large =
      R"({"specversion":"1.0","id":"2","source":"/shop","type":"t","data":")" + std::string(70'000, 'x') + "\"}";
  const auto answer = publish("orders", "[" + std::string(kEvent) + "," + large + "]", kBatch);
  EXPECT_EQ(answer.result_int(), 413U);
  EXPECT_EQ(code_of(answer), "batch_too_large");
  EXPECT_TRUE(records_of("orders").as_array().empty()) << "so that it can be sent again without the one";
}

TEST_F(EventRoutes, WhatWasAnsweredIsThereAfterARestart) {
  ASSERT_EQ(publish("orders", "a").result_int(), 200U);
  ASSERT_EQ(publish("orders", kEvent, kStructured).result_int(), 200U);
  restart();
  ASSERT_EQ(records_of("orders").as_array().size(), 2U);
  EXPECT_EQ(header("ce_id", 1), "1");
}

TEST_F(EventRoutes, TheNativeProtocolReadsWhatCameOverHttp) {
  publish("orders", "a");
  publish("orders", "b");
  EXPECT_THAT(values_of(client().ask(native::Read{orders_, Offset(0), 1 << 20}).payload), ElementsAre("a", "b"));
}

TEST_F(EventRoutes, HttpReadsWhatCameOverTheNativeProtocol) {
  ASSERT_TRUE(client().publish(orders_, batch_of({"a", "b"})).has_value());
  EXPECT_EQ(records_of("orders").at(1).at("value").as_string(), "b");
}

TEST_F(EventRoutes, ANativeSubscriberIsSentWhatComesOverHttp) {
  RawClient subscriber = client();
  ASSERT_TRUE(subscriber.ask_for<native::SubscribeReply>(native::Subscribe{1, orders_, Offset(0), 1 << 20}).has_value());
  publish("orders", "a");
  EXPECT_THAT(values_of(subscriber.wait_for<native::Deliver>().payload), ElementsAre("a"));
}

class TopicLimits : public WebTest {};

TEST_F(TopicLimits, OneTopicTooManyIsTooManyRequests) {
  config.limits.topics_max = 1;
  start();
  EXPECT_EQ(ask("POST", "/v1/topics", {}, R"({"name":"a"})").result_int(), 201U);
  const auto refused = ask("POST", "/v1/topics", {}, R"({"name":"b"})");
  EXPECT_EQ(refused.result_int(), 429U);
  EXPECT_EQ(code_of(refused), "limit_reached");
  EXPECT_EQ(field_of(refused, "retry-after"), "none") << "waiting does not help";
}

}  // namespace
}  // namespace leat::server
