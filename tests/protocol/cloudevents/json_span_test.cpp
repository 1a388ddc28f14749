#include "protocol/cloudevents/json_span.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace leat::cloudevents {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

Members members_of(std::string_view object) {
  Members members;
  for_each_json_member(object, [&](std::string_view name, std::string_view value) { members.emplace_back(name, value); });
  return members;
}

std::vector<std::string> elements_of(std::string_view array) {
  std::vector<std::string> elements;
  for_each_json_element(array, [&](std::string_view element) { elements.emplace_back(element); });
  return elements;
}

TEST(JsonSpan, ShowsMembersAsTheyWereWritten) {
  EXPECT_EQ(members_of(R"( { "a" : 1.50e2 , "b":{"x":[1,"}"]},"c":"\"},","d":[ ] , "e":null} )"),
            (Members{{"a", "1.50e2"}, {"b", R"({"x":[1,"}"]})"}, {"c", R"("\"},")"}, {"d", "[ ]"}, {"e", "null"}}));
  EXPECT_EQ(members_of("{}"), Members{});
  EXPECT_EQ(members_of(" { } "), Members{});
}

TEST(JsonSpan, ShowsElementsAsTheyWereWritten) {
  EXPECT_EQ(elements_of(R"([1, {"a":[2]} ,"],", true ])"), (std::vector<std::string>{"1", R"({"a":[2]})", R"("],")", "true"}));
  EXPECT_TRUE(elements_of("[]").empty());
  EXPECT_TRUE(elements_of("{}").empty());
}

TEST(JsonSpan, EndsOnTextThatIsNotWellFormed) {
  for (const char* text : {"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"\\", "[", "[1,", "[[", "{,}"}) {
    members_of(text);
    elements_of(text);
  }
}

TEST(JsonSpan, KnowsWhatIsJson) {
  for (const char* text : {"1", " [] ", "{}\n", "\"x\"", "null", "12345678901234567890123", "[1,{\"a\":0.10}]"})
    EXPECT_TRUE(is_json(text)) << text;
  for (const char* text : {"", " ", "{", "[1,]", "01", "nul", "1 2", "{} {}", "'x'", "\"\xff\""})
    EXPECT_FALSE(is_json(text)) << text;
  EXPECT_TRUE(is_json(std::string(30, '[') + std::string(30, ']')));
  EXPECT_FALSE(is_json(std::string(100, '[') + std::string(100, ']')));
}

}  // namespace
}  // namespace leat::cloudevents
