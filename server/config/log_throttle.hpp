#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace leat::server::log {

/// Keeps a line that others can cause at will from filling the log: one a second, which says how many were left out. One thread.
///
///     if (const auto left_out = throttle.admit(Clock::now())) log::warn("refused", {{"more_before", *left_out}});
class Throttle {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// How many lines were left out since the last one that was written; nothing when this one is left out, too.
  std::optional<std::uint64_t> admit(Time now) {
    if (written_ && now - *written_ < kInterval) {
      ++left_out_;
      return std::nullopt;
    }
    written_ = now;
    return std::exchange(left_out_, 0);
  }

 private:
  static constexpr std::chrono::seconds kInterval{1};
  std::optional<Time> written_;
  std::uint64_t left_out_ = 0;
};

}  // namespace leat::server::log
