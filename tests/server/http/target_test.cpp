#include "server/http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

HttpRequest parsed(std::string_view target) {
  HttpRequest request;
  EXPECT_TRUE(parse_target(target, request).has_value()) << target;
  return request;
}

TEST(Target, APathIsItsSegments) {
  EXPECT_THAT(parsed("/v1/topics/orders").segments, ElementsAre("v1", "topics", "orders"));
  EXPECT_THAT(parsed("/").segments, IsEmpty());
  EXPECT_EQ(parsed("/v1/topics?after=a").path, "/v1/topics");
}

TEST(Target, AnEmptySegmentIsOne) {
  EXPECT_THAT(parsed("/v1/topics/").segments, ElementsAre("v1", "topics", ""));
  EXPECT_THAT(parsed("/v1//topics").segments, ElementsAre("v1", "", "topics"));
}

TEST(Target, SegmentsAreDecodedAndAnEncodedSlashDividesNothing) {
  EXPECT_THAT(parsed("/v1/%74opics/a%2Fb").segments, ElementsAre("v1", "topics", "a/b"));
  EXPECT_THAT(parsed("/a%20b/%C3%A4").segments, ElementsAre("a b", "ä"));
  EXPECT_EQ(parsed("/a%20b").path, "/a%20b") << "as it came";
}

TEST(Target, DotsGoNowhere) { EXPECT_THAT(parsed("/v1/%2e%2e/../x").segments, ElementsAre("v1", "..", "..", "x")); }

TEST(Target, QueryParametersAreDecodedInTheirOrder) {
  EXPECT_THAT(parsed("/?from=%402026-01-01&key=a%26b&key=c&raw").query,
              ElementsAre(Pair("from", "@2026-01-01"), Pair("key", "a&b"), Pair("key", "c"), Pair("raw", "")));
  EXPECT_THAT(parsed("/?").query, ElementsAre(Pair("", "")));
  EXPECT_THAT(parsed("/v1").query, IsEmpty());
}

TEST(Target, TheFirstParameterOfANameIsFound) {
  const HttpRequest request = parsed("/?key=a&key=b");
  ASSERT_NE(request.parameter("key"), nullptr);
  EXPECT_EQ(*request.parameter("key"), "a");
  EXPECT_EQ(request.parameter("from"), nullptr);
}

TEST(Target, TheAbsoluteFormOfProxiesIsTheSame) {
  const HttpRequest request = parsed("http://broker.example:7421/v1/topics?limit=1");
  EXPECT_EQ(request.path, "/v1/topics");
  EXPECT_THAT(request.segments, ElementsAre("v1", "topics"));
  EXPECT_THAT(request.query, ElementsAre(Pair("limit", "1")));
  EXPECT_THAT(parsed("http://broker.example").segments, IsEmpty());
}

TEST(Target, WhatIsNoTargetIsRefused) {
  for (const std::string_view target :
       {"", "*", "v1/topics", "/%zz", "/%4", "/a b", "/a#b", "/?%", "127.0.0.1:7421", "http://[::1", "/a\\b", "/\x80"}) {
    HttpRequest request;
    const auto parsed = parse_target(target, request);
    ASSERT_TRUE(parsed.has_error()) << target;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument) << target;
  }
}

}  // namespace
}  // namespace leat::server
