#include "server/broker/yield_pause.hpp"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

using namespace std::chrono_literals;

class YieldPauseTest : public ::testing::Test {
 protected:
  const YieldPause::Clock::time_point now_ = YieldPause::Clock::now();
  YieldPause pause_;
};

TEST_F(YieldPauseTest, ThereIsNoneToBeginWith) { EXPECT_TRUE(pause_.is_over(now_)); }

TEST_F(YieldPauseTest, WhoeverComesBackSoonNeedsNone) {
  pause_.yielded(now_, now_ + 100us);
  EXPECT_TRUE(pause_.is_over(now_ + 100us));
}

TEST_F(YieldPauseTest, WhoeverWasAwayForLongWaitsASecond) {
  pause_.yielded(now_, now_ + 3ms);
  EXPECT_FALSE(pause_.is_over(now_ + 3ms));
  EXPECT_FALSE(pause_.is_over(now_ + 1s));
  EXPECT_TRUE(pause_.is_over(now_ + 3ms + 1s));
}

}  // namespace
}  // namespace leat::server
