#include "protocol/cloudevents/event.hpp"

#include <gtest/gtest.h>

namespace leat::cloudevents {
namespace {

Event minimal() {
  Event event;
  for (const auto& [name, value] : {std::pair("specversion", "1.0"), {"id", "1"}, {"source", "/a"}, {"type", "t"}}) {
    event.set(name, std::string(value));
  }
  return event;
}

std::string refusal(const char* name, AttributeValue value) {
  Event event = minimal();
  event.set(name, std::move(value));
  const auto result = validate(event);
  return result.has_error() ? result.error().context : "";
}

TEST(CloudEvent, NeedsTheFourRequiredAttributes) {
  EXPECT_TRUE(validate(minimal()).has_value());
  for (const char* name : {"specversion", "id", "source", "type"}) {
    Event event = minimal();
    std::erase_if(event.attributes, [&](const Attribute& attribute) { return attribute.name == name; });
    EXPECT_EQ(validate(event).error().code, Errc::invalid_argument) << name;
    EXPECT_NE(refusal(name, std::string()), "") << name;
    EXPECT_NE(refusal(name, 1), "") << name;
  }
  EXPECT_NE(refusal("specversion", std::string("0.3")), "");
}

TEST(CloudEvent, ChecksTheAttributesThatHaveAForm) {
  EXPECT_EQ(refusal("time", std::string("2026-01-01T00:00:00.123456789+02:00")), "");
  EXPECT_EQ(refusal("time", std::string("2018-04-05T17:31:60Z")), "");
  for (const char* time :
       {"", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00.Z"}) {
    EXPECT_NE(refusal("time", std::string(time)), "") << time;
  }
  EXPECT_EQ(refusal("source", std::string("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66")), "");
  EXPECT_NE(refusal("source", std::string("with space")), "");
  EXPECT_EQ(refusal("dataschema", std::string("https://example.com/schema")), "");
  EXPECT_NE(refusal("dataschema", std::string("/relative")), "");
  EXPECT_EQ(refusal("datacontenttype", std::string("text/plain; charset=utf-8")), "");
  EXPECT_NE(refusal("datacontenttype", std::string("text")), "");
  EXPECT_NE(refusal("subject", std::string()), "");
}

TEST(CloudEvent, TakesExtensionsOfEveryTypeButNoControlCharacters) {
  EXPECT_EQ(refusal("number", 42), "");
  EXPECT_EQ(refusal("flag", true), "");
  EXPECT_EQ(refusal("text", std::string("Grüße")), "");
  EXPECT_NE(refusal("text", std::string("a\nb")), "");
  EXPECT_NE(refusal("text", std::string("a\xc2\x85")), "");
  EXPECT_NE(refusal("Upper", std::string("x")), "");
  EXPECT_NE(refusal("with_underscore", std::string("x")), "");
  EXPECT_NE(refusal("data", std::string("x")), "");
}

TEST(CloudEvent, KnowsJsonMediaTypes) {
  for (const char* type : {"application/json", "APPLICATION/JSON", "text/json; charset=utf-8", "application/vnd.x+json"}) {
    EXPECT_TRUE(is_json_media_type(type)) << type;
  }
  for (const char* type : {"", "json", "text/plain", "application/jsonx", "application/xml; a=/json"}) {
    EXPECT_FALSE(is_json_media_type(type)) << type;
  }
}

}  // namespace
}  // namespace leat::cloudevents
