#pragma once

#include <chrono>

#include "protocol/base/ids.hpp"

namespace leat {

/// The seam for time; any thread. Wall time is for timestamps and retention, steady time for every timeout.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimestampMs wall_ms() const = 0;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimestampMs wall_ms() const override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
};

/// A clock that moves only when told to; one thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs wall_ms) : wall_ms_(wall_ms) {}
  [[nodiscard]] TimestampMs wall_ms() const override { return wall_ms_; }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override { return steady_; }
  void advance(std::chrono::milliseconds by) {
    wall_ms_ += by.count();
    steady_ += by;
  }
  /// Only the wall clock moves, as when an operator or NTP sets it.
  void jump_wall(std::chrono::milliseconds by) { wall_ms_ += by.count(); }

 private:
  TimestampMs wall_ms_;
  std::chrono::steady_clock::time_point steady_{};
};

}  // namespace leat
