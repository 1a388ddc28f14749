#include "server/session/start_position.hpp"

#include <gtest/gtest.h>

#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using Kind = StartPosition::Kind;

constexpr TimestampMs kNow = 1'767'225'600'000;  // 2026-01-01

StartPosition parsed(std::string_view text) {
  const auto start = StartPosition::parse(text, kNow);
  EXPECT_TRUE(start.has_value()) << text;
  return start.has_value() ? *start : StartPosition{};
}

TEST(StartPosition, HasTwoNames) {
  EXPECT_EQ(parsed("earliest").kind, Kind::earliest);
  EXPECT_EQ(parsed("latest").kind, Kind::latest);
}

TEST(StartPosition, MayBeAnOffset) {
  EXPECT_EQ(parsed("0").kind, Kind::offset);
  EXPECT_EQ(parsed("42").value, 42);
  EXPECT_EQ(parsed("9223372036854775807").value, 9'223'372'036'854'775'807);
}

TEST(StartPosition, MayBeATime) {
  for (const std::string_view text : {"@2026-01-01", "@2026-01-01T00:00:00Z", "@2026-01-01T01:00:00+01:00", "@1767225600000"}) {
    EXPECT_EQ(parsed(text).kind, Kind::timestamp) << text;
    EXPECT_EQ(parsed(text).value, kNow) << text;
  }
}

TEST(StartPosition, MayBeSoLongAgo) {
  EXPECT_EQ(parsed("@-1h").kind, Kind::timestamp);
  EXPECT_EQ(parsed("@-1h30m").value, kNow - 5'400'000);
  EXPECT_EQ(parsed("@-10000w").value, 0) << "not before 1970";
}

TEST(StartPosition, IsNothingElse) {
  for (const std::string_view text : {"", " ", "-1", "+1", "1 ", "1.5", "1e3", "first", "Earliest", "@", "@-", "@-1", "@-h",
                                      "@--1h", "@yesterday", "@1969-12-31", "@2026-13-01", "9223372036854775808"}) {
    const auto start = StartPosition::parse(text, kNow);
    ASSERT_TRUE(start.has_error()) << text;
    EXPECT_EQ(start.error().code, Errc::invalid_argument) << text;
  }
}

/// One batch of three records, a second apart.
class StartPositionInPartition : public ServerTest {
 protected:
  StartPositionInPartition() {
    start();
    const native::TopicPartition target = create_partition("orders");
    RawClient publisher = client();
    for (const int second : {0, 1, 2}) {
      EXPECT_TRUE(publisher.publish(target, batch_of({"x"}, {}, kNow + second * 1000)).has_value());
    }
    partition_ = server->broker().topics().partition(target).value();
  }
  Result<Offset> resolved(std::string_view text) { return resolve(StartPosition::parse(text, kNow).value(), *partition_); }

  std::shared_ptr<Partition> partition_;
};

TEST_F(StartPositionInPartition, NamesAndOffsetsAreOffsets) {
  EXPECT_EQ(resolved("earliest").value(), Offset(0));
  EXPECT_EQ(resolved("latest").value(), Offset(3));
  EXPECT_EQ(resolved("2").value(), Offset(2));
  EXPECT_EQ(resolved("3").value(), Offset(3)) << "the next one that comes";
}

TEST_F(StartPositionInPartition, ATimeIsTheFirstRecordFromThenOn) {
  EXPECT_EQ(resolved("@2025-12-31").value(), Offset(0));
  EXPECT_EQ(resolved("@2026-01-01T00:00:00.001Z").value(), Offset(1));
  EXPECT_EQ(resolved("@2026-01-01T00:00:02Z").value(), Offset(2));
  EXPECT_EQ(resolved("@2026-01-02").value(), Offset(3)) << "there is none yet";
}

TEST_F(StartPositionInPartition, AnOffsetThatIsNotThereIsRefused) {
  EXPECT_EQ(resolved("4").error().code, Errc::offset_out_of_range);
  EXPECT_EQ(resolved("9223372036854775807").error().code, Errc::offset_out_of_range);
}

}  // namespace
}  // namespace leat::server
