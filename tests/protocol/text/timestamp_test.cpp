#include "protocol/text/timestamp.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace leat {
namespace {

constexpr TimestampMs kNewYear2026 = 1'767'225'600'000;

TEST(TimestampPrefix, ReadsWhatLogsWrite) {
  for (const char* text :
       {"2026-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01 00:00:00", "2026-01-01T00:00:00", "2026-01-01 02:30:00+02:30",
        "2025-12-31T19:00:00-05:00", "2026-01-01 00:00:00.000", "1767225600000"}) {
    const auto prefix = parse_timestamp_prefix(text);
    ASSERT_TRUE(prefix.has_value()) << text;
    EXPECT_EQ(prefix->timestamp, kNewYear2026) << text;
    EXPECT_EQ(prefix->length, std::string(text).size()) << text;
  }
}

TEST(TimestampPrefix, KeepsMillisecondsAndDropsWhatIsFiner) {
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01 00:00:00.25")->timestamp, kNewYear2026 + 250);
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01 00:00:00,007")->timestamp, kNewYear2026 + 7);
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01T00:00:00.123999999Z")->timestamp, kNewYear2026 + 123);
}

TEST(TimestampPrefix, StopsWhereTheTimestampDoes) {
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01 00:00:00 install foo")->length, 19U);
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01 00:00:00. A sentence")->length, 19U);
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01 00:00:00-x")->length, 19U);
  EXPECT_EQ(parse_timestamp_prefix("2026-01-01 00:00:00-05:7")->length, 19U);
  EXPECT_EQ(parse_timestamp_prefix("1767225600000\tkey\tvalue")->length, 13U);
}

TEST(TimestampPrefix, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "-5", " 2026-01-01T00:00:00Z", "1969-12-31 23:59:59", "99999999999999999999"}) {
    EXPECT_FALSE(parse_timestamp_prefix(text).has_value()) << text;
  }
}

TEST(Timestamp, MustBeTheWholeText) {
  EXPECT_EQ(parse_timestamp("2026-01-01"), kNewYear2026);
  EXPECT_EQ(parse_timestamp("2026-01-01T00:00:00Z"), kNewYear2026);
  EXPECT_EQ(parse_timestamp("2024-02-29"), 1'709'164'800'000);
  for (const char* text :
       {"2026-01-01x", "2026-01-01T", "2026-1-1", "2025-02-29", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00Z", "20260101T000000Z", "1969-12-31"}) {
    EXPECT_FALSE(parse_timestamp(text).has_value()) << text;
  }
}

TEST(Duration, AddsUpItsParts) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("2w1d"), milliseconds(15LL * 86'400'000));
  for (const char* text : {"", "5", "h", "1h30", "-1h", "1.5h", "1y", "9999999999999999w", "15250284452w15250284452w"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

std::string formatted(TimestampMs timestamp) {
  std::string out;
  append_timestamp(out, timestamp);
  return out;
}

TEST(Timestamp, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(formatted(kNewYear2026 + 7), "2026-01-01T00:00:00.007Z");
  EXPECT_EQ(formatted(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(formatted(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Timestamp, IsAPlainNumberOutsideTheFourDigitYears) {
  EXPECT_EQ(formatted(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(formatted(253'402'300'800'000), "253402300800000");
  EXPECT_EQ(formatted(-62'167'219'200'000), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(formatted(-62'167'219'200'001), "-62167219200001");
  EXPECT_EQ(formatted(INT64_MIN), "-9223372036854775808");
}

TEST(Timestamp, ReadsBackWhatItWrites) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<TimestampMs> any(0, 253'402'300'799'999);
  for (int i = 0; i < 10'000; ++i) {
    const TimestampMs timestamp = any(random);
    ASSERT_EQ(parse_timestamp(formatted(timestamp)), timestamp);
  }
}

}  // namespace
}  // namespace leat
