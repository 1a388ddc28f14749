#include "client/tool/pacer.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

using namespace std::chrono_literals;

constexpr Pacer::TimePoint kStart{1s};

TEST(Pacer, RecordsAreDueEvenlyFromTheStartOn) {
  const Pacer pacer(kStart, 10'000);
  EXPECT_EQ(pacer.due(kStart - 1ns), 0U);
  EXPECT_EQ(pacer.due(kStart), 1U);
  EXPECT_EQ(pacer.due(kStart + 99us), 1U);
  EXPECT_EQ(pacer.due(kStart + 100us), 2U);
  EXPECT_EQ(pacer.due(kStart + 1s), 10'001U);
}

TEST(Pacer, AStallMakesEverythingMissedDueAtOnce) {
  const Pacer pacer(kStart, 1000);
  EXPECT_EQ(pacer.due(kStart + 500ms), 501U);
  EXPECT_EQ(pacer.intended(1), kStart + 1ms);
}

TEST(Pacer, ARecordIsDueExactlyFromItsIntendedTimeOn) {
  for (const double rate : {0.3, 3.0, 7777.7, 123'456.7, 3'000'000.0}) {
    const Pacer pacer(kStart, rate);
    for (std::uint64_t record = 0; record < 100'000; ++record) {
      ASSERT_GE(pacer.due(pacer.intended(record)), record + 1) << rate;
      ASSERT_LE(pacer.due(pacer.intended(record) - 1ns), record) << rate;
    }
  }
}

}  // namespace
}  // namespace leat::tool
