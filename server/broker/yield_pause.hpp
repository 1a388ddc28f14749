#pragma once

#include <algorithm>
#include <chrono>

namespace leat::server {

/// Whether giving the processor away is worth it. Whoever was just woken needs it for microseconds; where others keep the machine
/// busy it is one of those who takes it, and for milliseconds. So one that was long in coming back is followed by a pause, which
/// doubles while what follows it is no better.
class YieldPause {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_over(Clock::time_point now) const { return now >= until_; }
  void yielded(Clock::time_point from, Clock::time_point to) {
    if (to - from <= kAwayMax) return;
    pause_ = from - until_ < kPauseMax ? std::clamp(2 * pause_, kPauseMin, kPauseMax) : kPauseMin;
    until_ = to + pause_;
  }

 private:
  static constexpr std::chrono::microseconds kAwayMax{200};
  static constexpr std::chrono::seconds kPauseMin{1};
  static constexpr std::chrono::seconds kPauseMax{64};

  std::chrono::seconds pause_{0};
  Clock::time_point until_{};
};

}  // namespace leat::server
