#pragma once

#include <chrono>

namespace leat::server {

/// Whether to give the processor away is worth it. Whoever was just woken needs it for microseconds; on a machine that others
/// keep busy it is one of those who takes it, and for milliseconds. So one that was long in coming back is followed by a pause.
class YieldPause {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_over(Clock::time_point now) const { return now >= until_; }
  void yielded(Clock::time_point from, Clock::time_point to) {
    if (to - from > kAwayMax) until_ = to + kPause;
  }

 private:
  static constexpr std::chrono::microseconds kAwayMax{200};
  static constexpr std::chrono::seconds kPause{1};

  Clock::time_point until_{};
};

}  // namespace leat::server
