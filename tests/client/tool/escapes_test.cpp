#include "client/tool/escapes.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

TEST(Escapes, BecomeTheirCharacters) {
  EXPECT_EQ(unescape(R"(\t)").value(), "\t");
  EXPECT_EQ(unescape(R"(a\nb\r\\c)").value(), "a\nb\r\\c");
  EXPECT_EQ(unescape(R"(\x00\0\xfF!)").value(), std::string("\0\0\xff!", 4));
  EXPECT_EQ(unescape(", ").value(), ", ");
  EXPECT_EQ(unescape("").value(), "");
}

TEST(Escapes, UnknownAndHalfOnesAreRefused) {
  for (const char* text : {"\\", "\\q", "a\\", "\\x", "\\x1", "\\xg0", "\\x1g", "\\x-1", "\\x+1"}) {
    const auto plain = unescape(text);
    ASSERT_TRUE(plain.has_error()) << text;
    EXPECT_EQ(plain.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace leat::tool
