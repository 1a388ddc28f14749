#include "server/session/json_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace leat::server::json_message {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = StartPosition::Kind;

constexpr TimestampMs kNow = 1'767'323'045'678;

template <class Kind>
Kind parsed_as(std::string_view text) {
  auto parsed = parse(text, kNow);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    ADD_FAILURE() << text << ": " << refusal->error.message();
    return {};
  }
  auto* message = std::get_if<Kind>(&std::get<Message>(parsed));
  if (message == nullptr) {
    ADD_FAILURE() << text << " is another message";
    return {};
  }
  return std::move(*message);
}

Refusal refused(std::string_view text) {
  auto parsed = parse(text, kNow);
  if (auto* refusal = std::get_if<Refusal>(&parsed)) return std::move(*refusal);
  ADD_FAILURE() << text << " was taken";
  return {0, Error(Errc::internal)};
}

/// The only record of a publish.
Record record_of(const std::string& json) {
  auto publish = parsed_as<Publish>(R"({"type":"publish","id":1,"topic":"orders","records":[)" + json + "]}");
  return publish.records.empty() ? Record{} : std::move(publish.records.front());
}

Refusal refused_record(const std::string& json) {
  return refused(R"({"type":"publish","id":7,"topic":"orders","records":[{},)" + json + "]}");
}

Subscribe subscribe_with(const std::string& members) {
  return parsed_as<Subscribe>(R"({"type":"subscribe","id":2,"topic":"orders",)" + members + "}");
}

TEST(JsonMessage, ThePublishOfTheReference) {
  const auto publish = parsed_as<Publish>(
      R"({"type":"publish","id":1,"topic":"orders","ack":"durable","records":[{"key":"42","value":"placed","headers":[{"name":"source","value":"web"}]},{"value_json":{"a":1}}]})");
  EXPECT_EQ(publish.id, 1U);
  EXPECT_EQ(publish.topic, "orders");
  EXPECT_EQ(publish.level, native::AckLevel::durable);
  ASSERT_EQ(publish.records.size(), 2U);
  EXPECT_EQ(publish.records[0].key, "42");
  EXPECT_EQ(publish.records[0].value, "placed");
  ASSERT_EQ(publish.records[0].headers.size(), 1U);
  EXPECT_EQ(publish.records[0].headers[0].name, "source");
  EXPECT_EQ(publish.records[0].headers[0].value, "web");
  EXPECT_EQ(publish.records[1].key, std::nullopt);
  EXPECT_EQ(publish.records[1].value, R"({"a":1})");
}

TEST(JsonMessage, TheSubscribeOfTheReference) {
  const auto subscribe = parsed_as<Subscribe>(
      R"({"type":"subscribe","id":2,"topic":"orders","from":"@-1h","credit":100,"filter":{"any":[{"exact":{"$key":"42"}},{"prefix":{"type":"order."}}]}})");
  EXPECT_EQ(subscribe.id, 2U);
  EXPECT_THAT(subscribe.topics, ElementsAre("orders"));
  EXPECT_EQ(subscribe.from.kind, Kind::timestamp);
  EXPECT_EQ(subscribe.from.value, kNow - 3'600'000);
  EXPECT_EQ(subscribe.credit, 100U);
  EXPECT_TRUE(subscribe.filter.has_value());
  EXPECT_EQ(subscribe.partition, std::nullopt);
}

TEST(JsonMessage, TheSmallOnesOfTheReference) {
  const auto credit = parsed_as<Credit>(R"({"type":"credit","id":2,"records":100})");
  EXPECT_EQ(credit.id, 2U);
  EXPECT_EQ(credit.records, 100U);
  EXPECT_EQ(parsed_as<Unsubscribe>(R"({"type":"unsubscribe","id":2})").id, 2U);
  EXPECT_EQ(parsed_as<Ping>(R"({"type":"ping","id":9})").id, 9U);
}

TEST(JsonMessage, ASubscriptionBeginsNowAndTakesEverythingUnlessItSaysOtherwise) {
  const auto subscribe = parsed_as<Subscribe>(R"({"type":"subscribe","id":4294967295,"topics":["a","b"]})");
  EXPECT_EQ(subscribe.id, 4'294'967'295U);
  EXPECT_THAT(subscribe.topics, ElementsAre("a", "b"));
  EXPECT_EQ(subscribe.from.kind, Kind::latest);
  EXPECT_EQ(subscribe.credit, std::nullopt);
  EXPECT_FALSE(subscribe.filter.has_value());
}

TEST(JsonMessage, AStartIsANumberOrText) {
  EXPECT_EQ(subscribe_with(R"("from":17)").from.value, 17);
  EXPECT_EQ(subscribe_with(R"("from":"17")").from.value, 17);
  EXPECT_EQ(subscribe_with(R"("from":17)").from.kind, Kind::offset);
  EXPECT_EQ(subscribe_with(R"("from":"earliest")").from.kind, Kind::earliest);
  EXPECT_EQ(subscribe_with(R"("from":"latest")").from.kind, Kind::latest);
  EXPECT_EQ(subscribe_with(R"("from":"@2026-01-01")").from.value, 1'767'225'600'000);
}

TEST(JsonMessage, CreditAndPartitionAreKept) {
  EXPECT_EQ(subscribe_with(R"("credit":0)").credit, 0U);
  EXPECT_EQ(subscribe_with(R"("credit":null)").credit, std::nullopt);
  EXPECT_EQ(subscribe_with(R"("partition":3)").partition, PartitionId(3));
}

TEST(JsonMessage, AckLevelsHaveNamesBothWays) {
  for (const auto level : {native::AckLevel::durable, native::AckLevel::written, native::AckLevel::none}) {
    EXPECT_EQ(ack_level_named(name_of(level)), level);
    const auto publish = parsed_as<Publish>(R"({"type":"publish","id":1,"topic":"a","records":[{}],"ack":")" +
                                            std::string(name_of(level)) + "\"}");
    EXPECT_EQ(publish.level, level);
  }
  EXPECT_EQ(ack_level_named("all"), std::nullopt);
}

TEST(JsonMessage, ARecordMayBeBytes) {
  const Record record = record_of(R"({"key_base64":"AP8=","value_base64":"","headers":[{"name":"h","value_base64":"gA=="}]})");
  EXPECT_EQ(record.key, std::string("\x00\xff", 2));
  EXPECT_EQ(record.value, "");
  EXPECT_EQ(record.headers.at(0).value, "\x80");
}

TEST(JsonMessage, ARecordMayHaveNothing) {
  const Record record = record_of(R"({"key":null,"value":null,"headers":[{"name":"h","value":null},{"name":"h"}]})");
  EXPECT_EQ(record.key, std::nullopt);
  EXPECT_EQ(record.value, std::nullopt);
  ASSERT_EQ(record.headers.size(), 2U) << "names may repeat";
  EXPECT_EQ(record.headers[1].value, std::nullopt);
  EXPECT_EQ(record.timestamp, std::nullopt);
}

TEST(JsonMessage, AnyJsonMayBeAValue) {
  EXPECT_EQ(record_of(R"({"value_json":null})").value, "null");
  EXPECT_EQ(record_of(R"({"value_json":[1,"a",{}]})").value, R"([1,"a",{}])");
}

TEST(JsonMessage, ATimestampIsANumberOrATime) {
  EXPECT_EQ(record_of(R"({"timestamp":1767225600000})").timestamp, 1'767'225'600'000);
  EXPECT_EQ(record_of(R"({"timestamp":"2026-01-01T00:00:00Z"})").timestamp, 1'767'225'600'000);
  EXPECT_EQ(record_of(R"({"timestamp":0,"partition":2})").partition, PartitionId(2));
}

TEST(JsonMessage, AViewShowsTheRecordsOwnBytes) {
  const Record record =
      record_of(R"({"key":"k","value":"v","headers":[{"name":"a","value":"1"},{"name":"b"}],"timestamp":5,"partition":1})");
  const NewRecord view = record.view();
  EXPECT_EQ(as_text(*view.key), "k");
  EXPECT_EQ(as_text(*view.value), "v");
  EXPECT_EQ(as_text(*view.headers.at(0).value), "1");
  EXPECT_EQ(view.headers.at(1).value, std::nullopt);
  EXPECT_EQ(view.timestamp, 5);
  EXPECT_EQ(view.partition, PartitionId(1));
  EXPECT_EQ(Record{}.view().key, std::nullopt);
}

TEST(JsonMessage, TextThatIsNoObjectIsMalformed) {
  const std::string deep = R"({"type":"ping","id":1,"x":)" + std::string(40, '[') + std::string(40, ']') + "}";
  for (const std::string& text : {std::string(), std::string("hello"), std::string("[]"), std::string("7"), std::string("null"),
                                  std::string(R"({"type":"ping","id":1)"), std::string(R"({"type":"ping","id":1}{})"),
                                  std::string("{\"type\":\"pi\nng\"}"), deep}) {
    const Refusal refusal = refused(text);
    EXPECT_EQ(refusal.error.code, Errc::malformed_frame) << text;
    EXPECT_EQ(refusal.id, 0U);
  }
}

struct Wrong {
  std::string_view text;
  std::uint32_t id;
  std::string_view said;
};

TEST(JsonMessage, EveryOtherFaultIsAnsweredWithItsIdAndWhatIsWrong) {
  for (const Wrong& wrong : {
           Wrong{R"({})", 0, "type is missing"},
           Wrong{R"({"id":3})", 3, "type is missing"},
           Wrong{R"({"type":7,"id":3})", 3, "type is a string"},
           Wrong{R"({"type":"subscribed","id":3})", 3, "type is subscribe"},
           Wrong{R"({"type":"ping"})", 0, "id"},
           Wrong{R"({"type":"ping","id":null})", 0, "id"},
           Wrong{R"({"type":"ping","id":0})", 0, "id"},
           Wrong{R"({"type":"ping","id":-1})", 0, "id is an integer"},
           Wrong{R"({"type":"ping","id":1.5})", 0, "id is an integer"},
           Wrong{R"({"type":"ping","id":"1"})", 0, "id is an integer"},
           Wrong{R"({"type":"ping","id":4294967296})", 0, "id is an integer"},
           Wrong{R"({"type":"ping","id":3,"nonce":1})", 3, "members besides type, id"},
           Wrong{R"({"type":"unsubscribe","id":3,"topic":"a"})", 3, "members besides"},
           Wrong{R"({"type":"credit","id":3})", 3, "records is missing"},
           Wrong{R"({"type":"credit","id":3,"records":-1})", 3, "records is an integer"},
           Wrong{R"({"type":"credit","id":3,"records":9007199254740993})", 3, "records is an integer"},
           Wrong{R"({"type":"credit","id":3,"records":1,"bytes":1})", 3, "members besides"},
       }) {
    const Refusal refusal = refused(wrong.text);
    EXPECT_EQ(refusal.error.code, Errc::invalid_argument) << wrong.text;
    EXPECT_EQ(refusal.id, wrong.id) << wrong.text;
    EXPECT_THAT(refusal.error.message(), HasSubstr(wrong.said)) << wrong.text;
  }
}

TEST(JsonMessage, ASubscriptionThatIsWrongIsRefused) {
  for (const std::string_view members : {R"("id":3)",
                                         R"("topic":7)",
                                         R"("topic":"a","topics":["b"])",
                                         R"("topics":"a")",
                                         R"("topics":[])",
                                         R"("topics":["a",7])",
                                         R"("topics":null)",
                                         R"("topic":"a","from":-1)",
                                         R"("topic":"a","from":1.5)",
                                         R"("topic":"a","from":"yesterday")",
                                         R"("topic":"a","from":"@")",
                                         R"("topic":"a","from":{})",
                                         R"("topic":"a","partition":-1)",
                                         R"("topic":"a","partition":2147483648)",
                                         R"("topic":"a","partition":"1")",
                                         R"("topic":"a","credit":-1)",
                                         R"("topic":"a","credit":"many")",
                                         R"("topic":"a","filter":7)",
                                         R"("topic":"a","filter":{"exakt":{"type":"a"}})",
                                         R"("topic":"a","form":"latest")"}) {
    const Refusal refusal = refused(R"({"type":"subscribe","id":5,)" + std::string(members) + "}");
    EXPECT_EQ(refusal.error.code, Errc::invalid_argument) << members;
    EXPECT_EQ(refusal.id, 5U - (members == R"("id":3)" ? 2U : 0U)) << members;
  }
}

TEST(JsonMessage, TopicsHaveALimit) {
  std::string names = "\"t0\"";
  for (int i = 1; i < 1000; ++i) names += ",\"t" + std::to_string(i) + "\"";
  EXPECT_EQ(parsed_as<Subscribe>(R"({"type":"subscribe","id":1,"topics":[)" + names + "]}").topics.size(), 1000U);
  EXPECT_THAT(refused(R"({"type":"subscribe","id":1,"topics":[)" + names + ",\"a\"]}").error.message(), HasSubstr("1 to 1000"));
}

TEST(JsonMessage, APublishThatIsWrongIsRefused) {
  for (const std::string_view members :
       {R"("records":[{}])", R"("topic":"a")", R"("topic":"a","records":[])", R"("topic":"a","records":{})",
        R"("topic":"a","records":[7])", R"("topic":"a","records":[{}],"ack":"all")", R"("topic":"a","records":[{}],"ack":1)",
        R"("topic":null,"records":[{}])", R"("topic":"a","records":[{}],"partition":1)"}) {
    const Refusal refusal = refused(R"({"type":"publish","id":5,)" + std::string(members) + "}");
    EXPECT_EQ(refusal.error.code, Errc::invalid_argument) << members;
    EXPECT_EQ(refusal.id, 5U) << members;
  }
}

TEST(JsonMessage, ARecordThatIsWrongIsRefused) {
  for (const std::string record :
       {R"({"key":7})", R"({"key":"a","key_base64":"YQ=="})", R"({"key_base64":"Y"})", R"({"key_base64":"not base64"})",
        R"({"value":{"a":1}})", R"({"value":"a","value_json":1})", R"({"value_base64":"YQ==","value_json":1})",
        R"({"headers":{}})", R"({"headers":["a"]})", R"({"headers":[{"value":"a"}]})",
        R"({"headers":[{"name":"a","value":"b","value_base64":"Yg=="}]})", R"({"headers":[{"name":"a","vlaue":"b"}]})",
        R"({"timestamp":-1})", R"({"timestamp":"yesterday"})", R"({"timestamp":{}})", R"({"partition":-1})", R"({"vlaue":"a"})",
        R"(null)", R"([])"}) {
    const Refusal refusal = refused_record(record);
    EXPECT_EQ(refusal.error.code, Errc::invalid_argument) << record;
    EXPECT_EQ(refusal.id, 7U) << record;
  }
}

}  // namespace
}  // namespace leat::server::json_message
