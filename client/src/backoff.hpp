#pragma once

#include <algorithm>
#include <chrono>

#include "protocol/base/random.hpp"

namespace leat::client {

/// Far enough from where arithmetic with times overflows.
constexpr std::chrono::milliseconds kTimeMax = std::chrono::hours(24 * 365);

/// How long to wait before the next attempt: twice as long each time up to a maximum, less a random part of up to a half, so that
/// clients that lost the same broker don't come back at the same moment. One thread.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max)
      : min_(std::clamp(min, std::chrono::milliseconds(1), kTimeMax)), max_(std::clamp(max, min_, kTimeMax)), current_(min_) {}

  std::chrono::milliseconds next(Random& random) {
    const auto whole = static_cast<std::uint64_t>(current_.count());
    current_ = std::min(current_ * 2, max_);
    return std::chrono::milliseconds(whole - random.next() % (whole / 2 + 1));
  }
  void reset() { current_ = min_; }

 private:
  std::chrono::milliseconds min_;
  std::chrono::milliseconds max_;
  std::chrono::milliseconds current_;
};

}  // namespace leat::client
