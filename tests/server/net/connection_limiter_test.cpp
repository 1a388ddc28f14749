#include "server/net/connection_limiter.hpp"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

const auto kOne = boost::asio::ip::make_address("192.0.2.1");
const auto kOther = boost::asio::ip::make_address("2001:db8::1");

TEST(ConnectionLimiter, AnAddressHasItsShare) {
  ConnectionLimiter limiter(10, 2);
  EXPECT_TRUE(limiter.enter(kOne));
  EXPECT_TRUE(limiter.enter(kOne));
  EXPECT_FALSE(limiter.enter(kOne));
  EXPECT_TRUE(limiter.enter(kOther));
  EXPECT_EQ(limiter.connections(), 3U);
}

TEST(ConnectionLimiter, AllTogetherHaveTheirLimit) {
  ConnectionLimiter limiter(2, 2);
  EXPECT_TRUE(limiter.enter(kOne));
  EXPECT_TRUE(limiter.enter(kOther));
  EXPECT_FALSE(limiter.enter(kOther));
  EXPECT_EQ(limiter.connections(), 2U);
}

TEST(ConnectionLimiter, ARefusedOneTakesNoPlace) {
  ConnectionLimiter limiter(2, 1);
  ASSERT_TRUE(limiter.enter(kOne));
  ASSERT_FALSE(limiter.enter(kOne));
  limiter.leave(kOne);
  EXPECT_EQ(limiter.connections(), 0U);
  EXPECT_TRUE(limiter.enter(kOne));
}

}  // namespace
}  // namespace leat::server
