#include "server/config/log_throttle.hpp"

#include <gtest/gtest.h>

namespace leat::server::log {
namespace {

using std::chrono::milliseconds;

TEST(LogThrottle, LetsOneLineASecondThroughWithTheNumberOfThoseLeftOut) {
  Throttle throttle;
  const Throttle::Time start{};
  EXPECT_EQ(throttle.admit(start), 0U);
  for (int i = 0; i < 99; ++i) EXPECT_EQ(throttle.admit(start + milliseconds(10 * i)), std::nullopt);
  EXPECT_EQ(throttle.admit(start + milliseconds(1000)), 99U);
  EXPECT_EQ(throttle.admit(start + milliseconds(1999)), std::nullopt);
  EXPECT_EQ(throttle.admit(start + milliseconds(5000)), 1U);
  EXPECT_EQ(throttle.admit(start + milliseconds(6000)), 0U);
}

}  // namespace
}  // namespace leat::server::log
