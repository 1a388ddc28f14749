#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/session/json_message.hpp"

namespace leat::server::json_message {
namespace {

using ::testing::HasSubstr;

std::string repeated(std::string_view element, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text.append(i == 0 ? "" : ",").append(element);
  return text;
}

std::string publish_of(const std::string& records) {
  return R"({"type":"publish","id":7,"topic":"orders","records":[)" + records + "]}";
}

std::string subscribe_with(const std::string& members) { return R"({"type":"subscribe","id":7,)" + members + "}"; }

Publish taken(const std::string& text) {
  auto parsed = parse(text, 0);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    ADD_FAILURE() << refusal->error.message();
    return {};
  }
  return std::get<Publish>(std::move(std::get<Message>(parsed)));
}

void expect_refused(const std::string& text, std::string_view said) {
  const auto parsed = parse(text, 0);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  ASSERT_NE(refusal, nullptr) << said;
  EXPECT_EQ(refusal->id, 7U);
  EXPECT_EQ(refusal->error.code, Errc::invalid_argument);
  EXPECT_THAT(refusal->error.message(), HasSubstr(said));
}

TEST(JsonMessageLimits, ARequestHoldsTenThousandRecordsAndNoMore) {
  EXPECT_EQ(taken(publish_of(repeated("{}", kRecordsPerRequestMax))).records.size(), 10'000U);
  expect_refused(publish_of(repeated("{}", kRecordsPerRequestMax + 1)), "10000");
}

TEST(JsonMessageLimits, ARecordHoldsAThousandHeadersAndNoMore) {
  const std::string header = R"({"name":"h"})";
  const auto record_of = [&](std::size_t headers) { return publish_of(R"({"headers":[)" + repeated(header, headers) + "]}"); };
  EXPECT_EQ(taken(record_of(kHeadersPerRecordMax)).records.at(0).headers.size(), 1'000U);
  expect_refused(record_of(kHeadersPerRecordMax + 1), "1000");
}

TEST(JsonMessageLimits, AFilterIsOfSixtyFourKibibytes) {
  const auto filter_of = [](std::size_t bytes) {
    return subscribe_with(R"("topic":"orders","filter":{"exact":{"type":")" + std::string(bytes, 'a') + "\"}}");
  };
  EXPECT_TRUE(std::holds_alternative<Message>(parse(filter_of(60'000), 0)));
  expect_refused(filter_of(70'000), "64 KiB");
}

TEST(JsonMessageLimits, ATopicIsSubscribedToOnce) {
  expect_refused(subscribe_with(R"("topics":["orders","payments","orders"])"), "orders");
}

TEST(JsonMessageLimits, MoreMembersThanAnyMessageHasAreRefused) {
  std::string members = R"("topic":"orders")";
  for (int i = 0; i < 1000; ++i) members += ",\"m" + std::to_string(i) + "\":1";
  expect_refused(subscribe_with(members), "members besides");
}

TEST(JsonMessageText, AnEmbeddedValueIsKeptAsItWasWritten) {
  const Publish publish = taken(publish_of(R"({"value_json": {"n": 12345678901234567890.10, "u":"\u00e9"} })"));
  EXPECT_EQ(publish.records.at(0).value, R"({"n": 12345678901234567890.10, "u":"\u00e9"})");
}

TEST(JsonMessageText, EscapesMeanWhatTheyStandFor) {
  const Publish publish = taken(publish_of(R"({"\u006bey":"a\nb","value":"\"\ud83d\ude00\\"})"));
  EXPECT_EQ(publish.records.at(0).key, "a\nb");
  EXPECT_EQ(publish.records.at(0).value, "\"\xf0\x9f\x98\x80\\");
}

TEST(JsonMessageText, OfTwoMembersOfOneNameTheLastCounts) {
  EXPECT_EQ(taken(publish_of(R"({"key":"a","key":"b"})")).records.at(0).key, "b");
}

}  // namespace
}  // namespace leat::server::json_message
