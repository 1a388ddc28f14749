#include "protocol/base/units.hpp"

#include <gtest/gtest.h>

namespace leat {
namespace {

constexpr std::int64_t kRefused = -999;

std::int64_t value_of(const Result<std::int64_t>& result) { return result.has_value() ? result.value() : kRefused; }
std::int64_t size_of(std::string_view text) { return value_of(parse_size(text)); }
std::int64_t ms_of(std::string_view text) { return value_of(parse_duration_ms(text)); }

TEST(Units, SizesAreNumbersOfBytesOrTextWithAUnit) {
  EXPECT_EQ(size_of("0"), 0);
  EXPECT_EQ(size_of("1536"), 1536);
  EXPECT_EQ(size_of("7B"), 7);
  EXPECT_EQ(size_of("64KiB"), 65'536);
  EXPECT_EQ(size_of("64 MiB"), 67'108'864);
  EXPECT_EQ(size_of("2gib"), 2'147'483'648);
  EXPECT_EQ(size_of("1TiB"), 1'099'511'627'776);
}

TEST(Units, DecimalSizesArePowersOfAThousand) {
  EXPECT_EQ(size_of("1KB"), 1'000);
  EXPECT_EQ(size_of("3 GB"), 3'000'000'000);
  EXPECT_EQ(size_of("2TB"), 2'000'000'000'000);
}

TEST(Units, DurationsAreMillisecondsOrTextWithAUnit) {
  EXPECT_EQ(ms_of("250"), 250);
  EXPECT_EQ(ms_of("250ms"), 250);
  EXPECT_EQ(ms_of("10s"), 10'000);
  EXPECT_EQ(ms_of("5m"), 300'000);
  EXPECT_EQ(ms_of("2h"), 7'200'000);
  EXPECT_EQ(ms_of("7d"), 604'800'000);
  EXPECT_EQ(ms_of("4w"), 2'419'200'000);
}

TEST(Units, MinusOneIsAValueAndNegativeUnitsAreNot) {
  EXPECT_EQ(size_of("-1"), -1);
  EXPECT_EQ(ms_of("-1"), -1);
  EXPECT_EQ(size_of("-1MiB"), kRefused);
}

TEST(Units, WhatIsNoQuantityIsRefusedWithAnExample) {
  for (const char* text : {"", " ", "MiB", "1.5GiB", "12 ", "1XB", "1MiB1", "0x10", "+5", "1s"}) {
    EXPECT_EQ(size_of(text), kRefused) << text;
  }
  for (const char* text : {"", "s", "1.5s", "10 sec", "1MiB", "5y"}) EXPECT_EQ(ms_of(text), kRefused) << text;
  EXPECT_EQ(parse_size("many").error().context, "'many' is not a size such as 65536, 64KiB, 16MiB or 1GB");
}

TEST(Units, NumbersBeyondTheRangeOfIntegersAreRefused) {
  EXPECT_EQ(size_of("9223372036854775807"), 9'223'372'036'854'775'807);
  EXPECT_EQ(size_of("9223372036854775808"), kRefused);
  EXPECT_EQ(size_of("8388608TiB"), kRefused);
  EXPECT_EQ(size_of("8388607TiB"), 8'388'607 * std::int64_t{1'099'511'627'776});
}

TEST(Units, FormattingIsExactAndReadsBack) {
  EXPECT_EQ(format_size(64 * 1024 * 1024), "64MiB");
  EXPECT_EQ(format_size(1025), "1025");
  EXPECT_EQ(format_size(-1), "-1");
  EXPECT_EQ(format_duration_ms(604'800'000), "7d");
  EXPECT_EQ(format_duration_ms(90'000), "90s");
  EXPECT_EQ(format_duration_ms(1'500), "1500");
  for (const std::int64_t bytes : {0L, 1L, 1000L, 1024L, 65'536L, 3L << 40}) EXPECT_EQ(size_of(format_size(bytes)), bytes);
}

TEST(Units, CountsHaveTheirPlural) {
  EXPECT_EQ(format_count(0, "topic"), "0 topics");
  EXPECT_EQ(format_count(1, "topic"), "1 topic");
  EXPECT_EQ(format_count(2, "topic"), "2 topics");
}

}  // namespace
}  // namespace leat
