#include "client/tool/ticker.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class TickerTest : public ::testing::Test {
 protected:
  void wait_for_ticks(int count) {
    for (; count > 0; --count) {
      bool ticked = false;
      ticker.async_wait([&ticked] { ticked = true; });
      while (!ticked) io.run_one();
      io.restart();
    }
  }

  boost::asio::io_context io;
  Ticker ticker{io};
};

TEST_F(TickerTest, NeverTicksBeforeItsTime) {
  const auto first = SteadyClock::now() + 2ms;
  ticker.set(first, 1ms);
  wait_for_ticks(1);
  EXPECT_GE(SteadyClock::now(), first);
}

TEST_F(TickerTest, GoesOnTicking) {
  const auto first = SteadyClock::now();
  ticker.set(first, 1ms);
  wait_for_ticks(5);
  EXPECT_GE(SteadyClock::now(), first + 4ms);
}

TEST_F(TickerTest, ATimeThatIsPastTicksAtOnceAndOnlyOnce) {
  ticker.set(SteadyClock::now() - 1s, 1h);
  wait_for_ticks(1);
  bool ticked = false;
  ticker.async_wait([&ticked] { ticked = true; });
  io.poll();
  EXPECT_FALSE(ticked);
}

}  // namespace
}  // namespace leat::tool
