#include "protocol/cloudevents/http_binding.hpp"

#include <gtest/gtest.h>

namespace leat::cloudevents {
namespace {

const std::vector<HttpField> kFields = {{"Host", "x"},       {"Ce-SpecVersion", "1.0"}, {"ce-id", "1"},
                                        {"CE-Source", "/a"}, {"ce-type", "t"},          {"ce-greeting", "Gr%C3%BC%C3%9Fe%20%25"}};

TEST(CloudEventHttp, TellsTheModesApartByContentType) {
  EXPECT_EQ(content_mode("Application/CloudEvents+JSON; charset=utf-8", false), ContentMode::structured);
  EXPECT_EQ(content_mode("application/cloudevents+avro", false), ContentMode::structured);
  EXPECT_EQ(content_mode("application/cloudevents-batch+json", true), ContentMode::batched);
  EXPECT_EQ(content_mode("application/json", true), ContentMode::binary);
  EXPECT_EQ(content_mode("", true), ContentMode::binary);
  EXPECT_EQ(content_mode("application/json", false), ContentMode::none);
  EXPECT_TRUE(is_json_format("application/cloudevents+json ; charset=utf-8"));
  EXPECT_TRUE(is_json_format("application/cloudevents-batch+json"));
  EXPECT_FALSE(is_json_format("application/cloudevents+avro"));
}

TEST(CloudEventHttp, ReadsBinaryMode) {
  const auto event = parse_binary(kFields, "text/plain", as_bytes("hello"));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->text("id"), "1");
  EXPECT_EQ(event->text("source"), "/a");
  EXPECT_EQ(event->text("greeting"), "Grüße %");
  EXPECT_EQ(event->text("datacontenttype"), "text/plain");
  EXPECT_EQ(as_text(*event->data), "hello");
  EXPECT_EQ(event->find("host"), nullptr);
}

TEST(CloudEventHttp, AnEmptyBodyIsNoData) {
  const auto event = parse_binary(kFields, "", {});
  ASSERT_TRUE(event.has_value());
  EXPECT_FALSE(event->data);
  EXPECT_EQ(event->find("datacontenttype"), nullptr);
}

TEST(CloudEventHttp, RefusesMalformedHeaders) {
  for (const HttpField& extra : {HttpField{"ce-id", "2"}, HttpField{"ce-x", "%"}, HttpField{"ce-x", "%zz"},
                                 HttpField{"ce-x", "%ff"}, HttpField{"ce-x", "%0a"}, HttpField{"ce-bad_name", "x"},
                                 HttpField{"ce-", "x"}, HttpField{"ce-datacontenttype", "text/plain"}}) {
    auto fields = kFields;
    fields.push_back(extra);
    EXPECT_EQ(parse_binary(fields, "", {}).error().code, Errc::invalid_argument) << extra.name << extra.value;
  }
  EXPECT_TRUE(parse_binary(std::vector<HttpField>(kFields.begin(), kFields.begin() + 3), "", {}).has_error());
}

TEST(CloudEventHttp, PercentEncodesAsTheBindingSays) {
  EXPECT_EQ(percent_encode("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
  EXPECT_EQ(percent_encode("a\"b%c~!"), "a%22b%25c~!");
  EXPECT_EQ(*percent_decode(percent_encode("Euro € \"%20\"")), "Euro € \"%20\"");
}

}  // namespace
}  // namespace leat::cloudevents
