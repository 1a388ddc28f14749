#include "client/tool/punctual_timer.hpp"

#include <sys/timerfd.h>

#include <ctime>

#include "protocol/base/assert.hpp"

namespace leat::tool {
namespace {

/// std::chrono::steady_clock is CLOCK_MONOTONIC.
timespec as_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {static_cast<std::time_t>(seconds.count()), static_cast<long>((time - seconds).count())};
}

}  // namespace

PunctualTimer::PunctualTimer(boost::asio::io_context& io)
    : descriptor_(io, ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}

// Never read: setting it anew takes the expiry away.
void PunctualTimer::set(TimePoint time) {
  const itimerspec times{{}, as_timespec(time.time_since_epoch())};
  const int set = ::timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &times, nullptr);
  LEAT_ASSERT(set == 0);
}

}  // namespace leat::tool
