#include "protocol/text/json_text.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <random>
#include <string>

#include "protocol/text/base64.hpp"

namespace leat {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  EXPECT_TRUE(append_json_string(out, text));
  return out;
}

bool quotes_as_utf8(std::string_view text) {
  std::string out = "before";
  const bool valid = append_json_string(out, text);
  EXPECT_TRUE(valid || out == "before");
  EXPECT_EQ(is_utf8(text), valid);
  return valid;
}

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, as_bytes(bytes));
  return out;
}

TEST(JsonString, EscapesWhatJsonRequires) {
  EXPECT_EQ(json_of("plain"), R"("plain")");
  EXPECT_EQ(json_of(R"({"id":1})"), R"("{\"id\":1}")");
  EXPECT_EQ(json_of("a\\b\n\r\t\b\f"), R"("a\\b\n\r\t\b\f")");
  EXPECT_EQ(json_of(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(json_of(""), R"("")");
}

TEST(JsonString, EscapesAtEveryPlaceOfAWord) {
  for (std::size_t at = 0; at < 24; ++at) {
    for (const char special : {'"', '\\', '\n', '\x1f', '\0'}) {
      std::string text(24, 'x');
      text[at] = special;
      EXPECT_EQ(boost::json::parse(json_of(text)).as_string(), text) << at;
    }
  }
}

TEST(JsonString, KeepsUtf8AsItIs) {
  for (const char* text : {"é", "日本語", "😀", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(json_of(text), '"' + std::string(text) + '"');
  }
}

TEST(JsonString, RefusesWhatIsNotUtf8AndLeavesTheOutputAlone) {
  const char* const kInvalid[] = {"\x80",         "\xbf",         "\xc0\xaf",         "\xc1\xbf",         "\xc2",
                                  "\xc2\x41",     "\xe0\x9f\xbf", "\xe2\x82",         "\xed\xa0\x80",     "\xed\xbf\xbf",
                                  "\xe2\x28\xa1", "\xf0\x9f\x98", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                  "\xff",         "\xfe"};
  for (const char* text : kInvalid) {
    EXPECT_FALSE(quotes_as_utf8(text)) << testing::PrintToString(text);
    EXPECT_FALSE(quotes_as_utf8("much longer text before it " + std::string(text) + " and after it"))
        << testing::PrintToString(text);
  }
}

TEST(JsonString, AgreesWithAnotherImplementationAboutRandomBytes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr unsigned char kPool[] = {'a',  '"',  '\\', '\n', 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                     0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 'b',  'c',  'd',  'e'};
  std::uniform_int_distribution<std::size_t> pick(0, std::size(kPool) - 1);
  for (int i = 0; i < 50'000; ++i) {
    std::string text(random() % 12, ' ');
    for (auto& c : text) c = static_cast<char>(kPool[pick(random)]);
    std::string out;
    if (append_json_string(out, text)) {
      ASSERT_EQ(boost::json::parse(out).as_string(), text);
      continue;
    }
    // Without anything to escape the other side sees the same bytes, and must refuse them as well.
    std::erase_if(text, [](char c) { return c == '"' || c == '\\' || (c >= 0 && c < 0x20); });
    boost::system::error_code error;
    boost::json::parse('"' + text + '"', error);
    ASSERT_EQ(quotes_as_utf8(text), !error) << testing::PrintToString(text);
  }
}

TEST(JsonString, LossyReplacesEachBadByte) {
  std::string out;
  append_json_string_lossy(out, "a\xff\xc3\xa9\xc3");
  EXPECT_EQ(out, "\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\"");
}

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xfb\xff\xfe"), "+//+");
}

TEST(JsonBytes, AreBase64UnderAnotherNameWhenTheyAreNotText) {
  std::string out = "{";
  append_json_bytes(out, "key", "k1");
  out += ',';
  append_json_bytes(out, "value", "text and \xff");
  EXPECT_EQ(out, R"({"key":"k1","value_base64":"dGV4dCBhbmQg/w==")");
}

}  // namespace
}  // namespace leat
