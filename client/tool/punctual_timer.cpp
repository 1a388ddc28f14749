#include "client/tool/punctual_timer.hpp"

#include <sys/timerfd.h>

#include <algorithm>
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

// Never read: setting it anew takes the expiry away, and async_wait() has epoll look anew whether there is one.
void PunctualTimer::set(TimePoint time) {
  // Zero would stop it.
  const itimerspec times{{}, as_timespec(std::max(time.time_since_epoch(), TimePoint::duration(1)))};
  const int set = ::timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &times, nullptr);
  LEAT_ASSERT(set == 0);
}

}  // namespace leat::tool
