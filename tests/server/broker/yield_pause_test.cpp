#include "server/broker/yield_pause.hpp"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

using namespace std::chrono_literals;

class YieldPauseTest : public ::testing::Test {
 protected:
  const YieldPause::Clock::time_point now_{5s};  ///< of a machine that has just started
  YieldPause pause_;
};

TEST_F(YieldPauseTest, ThereIsNoneToBeginWith) { EXPECT_TRUE(pause_.is_over(now_)); }

TEST_F(YieldPauseTest, WhoeverComesBackSoonNeedsNone) {
  pause_.yielded(now_, now_ + 200us);
  EXPECT_TRUE(pause_.is_over(now_ + 200us));
}

TEST_F(YieldPauseTest, WhoeverWasAwayForLongWaitsASecond) {
  pause_.yielded(now_, now_ + 201us);
  EXPECT_FALSE(pause_.is_over(now_ + 1s));
  EXPECT_TRUE(pause_.is_over(now_ + 201us + 1s));
}

TEST_F(YieldPauseTest, ItDoublesUpToAMinuteWhileItIsNoBetterAfterIt) {
  auto at = now_;
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 64s}) {
    pause_.yielded(at, at + 3ms);
    EXPECT_FALSE(pause_.is_over(at + 2ms + pause));
    at += 3ms + pause;
    EXPECT_TRUE(pause_.is_over(at));
  }
}

TEST_F(YieldPauseTest, AMinuteWithoutABadOneBeginsAnew) {
  pause_.yielded(now_, now_ + 3ms);
  pause_.yielded(now_ + 2s, now_ + 2s + 3ms);
  const auto later = now_ + 120s;
  pause_.yielded(later, later + 3ms);
  EXPECT_TRUE(pause_.is_over(later + 3ms + 1s));
}

}  // namespace
}  // namespace leat::server
