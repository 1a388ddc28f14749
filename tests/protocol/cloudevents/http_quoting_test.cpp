#include <gtest/gtest.h>

#include <string>

#include "protocol/cloudevents/http_binding.hpp"

namespace leat::cloudevents {
namespace {

/// What the attribute `subject` is when the header says this.
std::string subject_of(std::string_view value) {
  const HttpField fields[] = {
      {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "/a"}, {"ce-type", "t"}, {"ce-subject", value}};
  return std::string(parse_binary(fields, "", {}).value().text("subject"));
}

TEST(HttpQuoting, AQuotedValueIsWhatItsQuotesHold) {
  EXPECT_EQ(subject_of(R"("a b")"), "a b");
  EXPECT_EQ(subject_of(R"("say \"hi\" \\ \x")"), R"(say "hi" \ x)");
}

TEST(HttpQuoting, IsUndoneBeforePercentEncoding) {
  EXPECT_EQ(subject_of(R"("%22quoted%22")"), R"("quoted")");
  EXPECT_EQ(subject_of(R"(%22quoted%22)"), R"("quoted")") << "the quotes that the encoding hides are the value's own";
  EXPECT_EQ(subject_of(R"("\%41")"), "A");
}

TEST(HttpQuoting, WhatIsNoQuotedStringIsLeftAlone) {
  for (const std::string value : {R"(a "b" c)", R"("a" b)", R"("a)", R"(")", R"("a\")", R"(a\b)"}) {
    EXPECT_EQ(subject_of(value), value);
  }
}

}  // namespace
}  // namespace leat::cloudevents
