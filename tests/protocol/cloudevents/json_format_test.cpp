#include "protocol/cloudevents/json_format.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "protocol/base/bytes.hpp"

namespace leat::cloudevents {
namespace {

constexpr std::string_view kHead = R"("specversion":"1.0","id":"1","source":"/a","type":"t")";

std::string object(std::string_view members) {
  std::string text("{");
  text.append(kHead);
  if (!members.empty()) text.append(",").append(members);
  return text + "}";
}

Event parsed(std::string_view members) {
  auto event = parse_json(object(members));
  EXPECT_TRUE(event.has_value()) << (event.has_error() ? event.error().context : "");
  return event.has_value() ? std::move(event).value() : Event();
}

std::string data_of(const Event& event) { return event.data ? std::string(as_text(*event.data)) : "(none)"; }

std::string written(const Event& event) {
  std::string out;
  append_json(out, event);
  return out;
}

TEST(CloudEventJson, KeepsJsonDataAsItWasWritten) {
  const Event event = parsed(R"("data": {"price": 1.10, "id": 123456789012345678901234567890})");
  EXPECT_EQ(data_of(event), R"({"price": 1.10, "id": 123456789012345678901234567890})");
  EXPECT_EQ(event.text("datacontenttype"), "application/json");
  EXPECT_NE(written(event).find(R"("data":{"price": 1.10, "id": 123456789012345678901234567890})"), std::string::npos);
}

TEST(CloudEventJson, TakesTextAndBinaryData) {
  EXPECT_EQ(data_of(parsed(R"("datacontenttype":"text/xml","data":"<a>\u00e9</a>")")), "<a>é</a>");
  EXPECT_EQ(data_of(parsed(R"("datacontenttype":"text/plain","data":"")")), "");
  EXPECT_EQ(data_of(parsed(R"("data_base64":"AAH/")")), std::string("\x00\x01\xff", 3));
  EXPECT_EQ(data_of(parsed("")), "(none)");
  EXPECT_EQ(data_of(parsed(R"("data":null)")), "(none)");
  EXPECT_EQ(data_of(parsed(R"("data":"a string")")), R"("a string")");
}

TEST(CloudEventJson, TakesEveryTypeOfAttributeAndLeavesNullsOut) {
  const Event event = parsed(R"("flag":true,"number":-7,"text":"x","subject":null)");
  EXPECT_EQ(*event.find("flag"), AttributeValue(true));
  EXPECT_EQ(*event.find("number"), AttributeValue(-7));
  EXPECT_EQ(event.text("text"), "x");
  EXPECT_EQ(event.find("subject"), nullptr);
}

TEST(CloudEventJson, RefusesWhatIsNoEvent) {
  for (const char* members : {R"("x":1.5)", R"("x":2147483648)", R"("x":[])", R"("x":{})", R"("Bad":"x")",
                              R"("data":1,"data_base64":"")", R"("data_base64":"?")", R"("data_base64":1)",
                              R"("datacontenttype":"text/plain","data":{})", R"("d\u0061ta":1)", R"("time":"now")"}) {
    const auto event = parse_json(object(members));
    ASSERT_TRUE(event.has_error()) << members;
    EXPECT_EQ(event.error().code, Errc::invalid_argument);
    EXPECT_FALSE(event.error().context.empty());
  }
  for (const char* text : {"", "x", "[]", "1", "{}", "{\"specversion\":\"1.0\"}"})
    EXPECT_TRUE(parse_json(text).has_error()) << text;
  EXPECT_TRUE(parse_json(std::string(100'000, '[')).has_error());
}

TEST(CloudEventJson, WritesWhatItReads) {
  for (const char* members :
       {"", R"("flag":false,"n":2147483647,"t":"\"\\\u0416")", R"("data":[1,2])",
        R"("datacontenttype":"text/plain","data":"é\n")", R"("datacontenttype":"application/octet-stream","data_base64":"//79")",
        R"("data_base64":"e30=")", R"("datacontenttype":"application/x+json","data":null)"}) {
    const Event event = parsed(members);
    const auto again = parse_json(written(event));
    ASSERT_TRUE(again.has_value()) << written(event);
    EXPECT_EQ(*again, event) << members;
  }
}

TEST(CloudEventJson, WritesAsBase64WhatOnlyClaimsToBeJson) {
  Event event = parsed("");
  event.set("datacontenttype", std::string("application/json"));
  event.data = std::vector<std::byte>{std::byte{'{'}};
  EXPECT_NE(written(event).find(R"("data_base64":"ew==")"), std::string::npos);
}

TEST(CloudEventJson, ReadsBatches) {
  EXPECT_TRUE(parse_json_batch("[]", 10)->empty());
  const auto two = parse_json_batch("[" + object(R"("data":[1,{"a":"]"}])") + " , " + object("") + "]", 2);
  ASSERT_TRUE(two.has_value());
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ(data_of((*two)[0]), R"([1,{"a":"]"}])");
  EXPECT_TRUE(parse_json_batch("[" + object("") + "," + object("") + "]", 1).has_error());
  EXPECT_TRUE(parse_json_batch(object(""), 10).has_error());
  EXPECT_TRUE(parse_json_batch("", 10).has_error());
  const auto bad = parse_json_batch("[" + object("") + ",{}]", 10);
  ASSERT_TRUE(bad.has_error());
  EXPECT_NE(bad.error().context.find("event 1"), std::string::npos);
}

}  // namespace
}  // namespace leat::cloudevents
