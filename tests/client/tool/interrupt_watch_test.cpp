#include "client/tool/interrupt_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <future>

namespace leat::tool {
namespace {

bool readable(int fd) {
  pollfd event{fd, POLLIN, 0};
  return ::poll(&event, 1, 0) == 1;
}

TEST(Interrupt, IsNoticedByItsFlagAndItsDescriptor) {
  const Interrupt interrupt;
  EXPECT_FALSE(interrupt.requested());
  EXPECT_FALSE(readable(interrupt.fd()));
  ::raise(SIGINT);
  EXPECT_TRUE(interrupt.requested());
  EXPECT_TRUE(readable(interrupt.fd()));
}

TEST(Interrupt, AnotherOneBeginsAnew) {
  {
    const Interrupt first;
    ::raise(SIGTERM);
  }
  const Interrupt second;
  EXPECT_FALSE(second.requested());
  EXPECT_FALSE(readable(second.fd()));
}

TEST(InterruptDeathTest, TheSecondSignalKills) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Interrupt interrupt;
        ::raise(SIGINT);
        ::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptWatch, StopsWhatWaits) {
  const Interrupt interrupt;
  std::promise<void> stopped;
  const InterruptWatch watch(interrupt, std::chrono::milliseconds(0), [&stopped] { stopped.set_value(); });
  ::raise(SIGINT);
  stopped.get_future().wait();
}

TEST(InterruptWatch, DoesNothingWithoutAnInterrupt) {
  bool stopped = false;
  const Interrupt interrupt;
  {
    const InterruptWatch watch(interrupt, std::chrono::milliseconds(0), [&stopped] { stopped = true; });
  }
  EXPECT_FALSE(stopped);
}

TEST(InterruptWatch, DoesNothingWhenTheWorkEndsWithinTheGrace) {
  bool stopped = false;
  const Interrupt interrupt;
  {
    const InterruptWatch watch(interrupt, std::chrono::hours(1), [&stopped] { stopped = true; });
    ::raise(SIGINT);
  }
  EXPECT_FALSE(stopped);
}

}  // namespace
}  // namespace leat::tool
