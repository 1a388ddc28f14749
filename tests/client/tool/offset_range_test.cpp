#include "client/tool/offset_range.hpp"

#include <gtest/gtest.h>

#include <string>

namespace leat::tool {
namespace {

using Kind = Position::Kind;

constexpr TimestampMs kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr TimestampMs kHour = 3'600'000;
constexpr Position kStart{Kind::after_start, 0};
constexpr Position kEnd{Kind::before_end, 0};

struct Case {
  std::string text;
  OffsetRange range;
};

class ValidOffsetRange : public testing::TestWithParam<Case> {};

TEST_P(ValidOffsetRange, IsUnderstood) {
  const auto range = parse_offset_range(GetParam().text, kNow);
  ASSERT_TRUE(range.has_value()) << range.error().message();
  EXPECT_EQ(*range, GetParam().range);
}

INSTANTIATE_TEST_SUITE_P(
    Positions, ValidOffsetRange,
    testing::Values(Case{"start", {kStart, {}}}, Case{"end", {kEnd, {}}}, Case{"+10", {{Kind::after_start, 10}, {}}},
                    Case{"-10", {{Kind::before_end, 10}, {}}}, Case{"100", {{Kind::offset, 100}, {}}},
                    Case{"0", {{Kind::offset, 0}, {}}}, Case{"9223372036854775807", {{Kind::offset, INT64_MAX}, {}}},
                    Case{"@-1h", {{Kind::time, kNow - kHour}, {}}}, Case{"@-1h30m", {{Kind::time, kNow - kHour * 3 / 2}, {}}},
                    Case{"@2026-01-01T00:00:00Z", {{Kind::time, kNow}, {}}}, Case{"@2026-01-01", {{Kind::time, kNow}, {}}},
                    Case{"@2026-01-01 00:00:00", {{Kind::time, kNow}, {}}},
                    Case{"@2026-01-01T02:00:00+02:00", {{Kind::time, kNow}, {}}},
                    Case{"@1767225600000", {{Kind::time, kNow}, {}}}));

INSTANTIATE_TEST_SUITE_P(
    Ranges, ValidOffsetRange,
    testing::Values(Case{"100:200", {{Kind::offset, 100}, Position{Kind::offset, 200}}},
                    Case{"100:100", {{Kind::offset, 100}, Position{Kind::offset, 100}}}, Case{"start:end", {kStart, kEnd}},
                    Case{"end:end", {kEnd, kEnd}}, Case{":end", {kStart, kEnd}}, Case{":7", {kStart, Position{Kind::offset, 7}}},
                    Case{"100:", {{Kind::offset, 100}, {}}}, Case{"-10:end", {{Kind::before_end, 10}, kEnd}},
                    Case{"+5:+9", {{Kind::after_start, 5}, Position{Kind::after_start, 9}}},
                    Case{"-9:-5", {{Kind::before_end, 9}, Position{Kind::before_end, 5}}},
                    Case{"@2026-01-01T00:00:00Z:end", {{Kind::time, kNow}, kEnd}},
                    Case{"@2026-01-01T00:00:00:end", {{Kind::time, kNow}, kEnd}},
                    Case{"@-2h:@-1h", {{Kind::time, kNow - 2 * kHour}, Position{Kind::time, kNow - kHour}}},
                    Case{"@2025-12-31T23:00:00Z:@2026-01-01T00:00:00Z", {{Kind::time, kNow - kHour}, Position{Kind::time, kNow}}},
                    Case{"5:@2026-01-01T00:00:00Z", {{Kind::offset, 5}, Position{Kind::time, kNow}}},
                    Case{"@-1h:100", {{Kind::time, kNow - kHour}, Position{Kind::offset, 100}}}));

class MalformedOffsetRange : public testing::TestWithParam<const char*> {};

TEST_P(MalformedOffsetRange, IsRefusedByName) {
  const auto range = parse_offset_range(GetParam(), kNow);
  ASSERT_TRUE(range.has_error());
  EXPECT_EQ(range.error().code, Errc::invalid_argument);
  EXPECT_NE(range.error().context.find(GetParam()), std::string::npos) << range.error().context;
}

INSTANTIATE_TEST_SUITE_P(Words, MalformedOffsetRange,
                         testing::Values("", ":", "::", "begin", "START", " start", "end ", "start:stop"));
INSTANTIATE_TEST_SUITE_P(Numbers, MalformedOffsetRange,
                         testing::Values("+", "-", "--1", "+-1", "-+1", "1.5", "0x10", "1e3", "9223372036854775808",
                                         "-9223372036854775809", "10 ", "100:200:300", "100::200", "100:x"));
INSTANTIATE_TEST_SUITE_P(Times, MalformedOffsetRange,
                         testing::Values("@", "@-", "@-1", "@-1y", "@-h", "@--1h", "@1h", "@now", "@2026-13-01", "@2026-02-30",
                                         "@2026-01-01T25:00:00Z", "@2026-01-01T00:00", "@2026-01-01T00:00:00Zx",
                                         "@1969-12-31T23:59:59Z", "@-9000w9000w", "@-1h:2026-01-01T00:00:00Z"));
INSTANTIATE_TEST_SUITE_P(Backwards, MalformedOffsetRange,
                         testing::Values("200:100", "+9:+5", "-5:-9", "end:start", "end:-1", "@-1h:@-2h"));

constexpr PartitionBounds kHolds100To110{Offset(100), Offset(110)};

TEST(PositionInPartition, RelativeOnesCountFromThePartitionsEnds) {
  EXPECT_EQ(resolve({Kind::after_start, 3}, kHolds100To110), Offset(103));
  EXPECT_EQ(resolve({Kind::before_end, 3}, kHolds100To110), Offset(107));
  EXPECT_EQ(resolve(kStart, kHolds100To110), Offset(100));
  EXPECT_EQ(resolve(kEnd, kHolds100To110), Offset(110));
}

TEST(PositionInPartition, RelativeOnesStayWithinWhatThePartitionHolds) {
  EXPECT_EQ(resolve({Kind::after_start, 11}, kHolds100To110), Offset(110));
  EXPECT_EQ(resolve({Kind::before_end, INT64_MAX}, kHolds100To110), Offset(100));
}

TEST(PositionInPartition, AnOffsetIsTakenAsItIs) { EXPECT_EQ(resolve({Kind::offset, 5}, kHolds100To110), Offset(5)); }

}  // namespace
}  // namespace leat::tool
