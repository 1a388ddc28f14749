#include "client/tool/line_format.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

constexpr TimestampMs kNewYear2026 = 1'767'225'600'000;

TEST(LineFormat, WithoutDelimitersTheLineIsTheValue) {
  const auto parts = split_line("2026-01-01 00:00:00\tk\tv", {}).value();
  EXPECT_EQ(parts.timestamp, std::nullopt);
  EXPECT_EQ(parts.key, std::nullopt);
  EXPECT_EQ(parts.value, "2026-01-01 00:00:00\tk\tv");
}

TEST(LineFormat, TheKeyEndsAtTheFirstDelimiter) {
  const auto parts = split_line("k::v::w", {.key_delimiter = "::"}).value();
  EXPECT_EQ(parts.key, "k");
  EXPECT_EQ(parts.value, "v::w");
}

TEST(LineFormat, KeyAndValueMayBeEmpty) {
  const auto parts = split_line("\t", {.key_delimiter = "\t"}).value();
  EXPECT_EQ(parts.key, "");
  EXPECT_EQ(parts.value, "");
}

TEST(LineFormat, ATabFollowsTheTimestampWhenThereIsNoKey) {
  const auto parts = split_line("2026-01-01 00:00:00\tinstalled foo", {.timestamp_prefix = true}).value();
  EXPECT_EQ(parts.timestamp, kNewYear2026);
  EXPECT_EQ(parts.key, std::nullopt);
  EXPECT_EQ(parts.value, "installed foo");
}

TEST(LineFormat, TheKeysDelimiterFollowsTheTimestampAsWell) {
  const auto parts = split_line("1767225600007|foo:amd64|a|b", {.key_delimiter = "|", .timestamp_prefix = true}).value();
  EXPECT_EQ(parts.timestamp, kNewYear2026 + 7);
  EXPECT_EQ(parts.key, "foo:amd64");
  EXPECT_EQ(parts.value, "a|b");
}

TEST(LineFormat, ASpaceMayBeTheDelimiterThoughTimesContainIt) {
  const auto parts = split_line("2026-01-01 00:00:00 foo installed", {.key_delimiter = " ", .timestamp_prefix = true}).value();
  EXPECT_EQ(parts.timestamp, kNewYear2026);
  EXPECT_EQ(parts.key, "foo");
  EXPECT_EQ(parts.value, "installed");
}

TEST(LineFormat, RefusesLinesThatLackAPart) {
  const LineFormat keyed{.key_delimiter = "|"};
  const LineFormat timed{.timestamp_prefix = true};
  const LineFormat both{.key_delimiter = "|", .timestamp_prefix = true};
  EXPECT_EQ(split_line("no key", keyed).error().code, Errc::invalid_argument);
  EXPECT_EQ(split_line("", keyed).error().code, Errc::invalid_argument);
  EXPECT_EQ(split_line("no time", timed).error().code, Errc::invalid_argument);
  EXPECT_EQ(split_line("1767225600000", timed).error().code, Errc::invalid_argument);
  EXPECT_EQ(split_line("1767225600000 v", timed).error().code, Errc::invalid_argument);
  EXPECT_EQ(split_line("1767225600000|v", both).error().code, Errc::invalid_argument);
  EXPECT_EQ(split_line("1767225600000\tk|v", both).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace leat::tool
