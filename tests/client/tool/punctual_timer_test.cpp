#include "client/tool/punctual_timer.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class PunctualTimerTest : public ::testing::Test {
 protected:
  void wait_until(SteadyClock::time_point time) {
    bool called = false;
    timer.async_wait_until(time, [&called] { called = true; });
    while (!called) io.run_one();
    io.restart();
  }

  boost::asio::io_context io;
  PunctualTimer timer{io};
};

TEST_F(PunctualTimerTest, IsNeverEarly) {
  for (auto time = SteadyClock::now(); const auto step : {2ms, 1ms, 1ms}) {
    time += step;
    wait_until(time);
    EXPECT_GE(SteadyClock::now(), time);
  }
}

TEST_F(PunctualTimerTest, ATimeThatIsPastIsCalledForAtOnce) {
  for (const auto time :
       {SteadyClock::now() - 1s, SteadyClock::now() - 1s, SteadyClock::time_point(), SteadyClock::time_point::min()}) {
    wait_until(time);
  }
}

TEST_F(PunctualTimerTest, WhatHasExpiredDoesNotCountForTheNextTime) {
  wait_until(SteadyClock::now());
  bool called = false;
  timer.async_wait_until(SteadyClock::now() + 1h, [&called] { called = true; });
  io.poll();
  EXPECT_FALSE(called);
}

TEST_F(PunctualTimerTest, WhoGoesFirstIsNotCalled) {
  bool called = false;
  {
    PunctualTimer short_lived(io);
    short_lived.async_wait_until(SteadyClock::now() - 1s, [&called] { called = true; });
  }
  io.run();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace leat::tool
