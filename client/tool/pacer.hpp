#pragma once

#include <chrono>
#include <cstdint>

namespace leat::tool {

/// The timetable of an open-loop load: the n-th record is meant to be sent at start + n / rate, whatever became of the ones
/// before. Measuring from that moment, not from the actual sending, keeps a stalled broker from hiding the wait it caused
/// (coordinated omission). A value without a thread of its own.
class Pacer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Pacer(TimePoint start, double records_per_s) : start_(start), ns_per_record_(1e9 / records_per_s) {}

  [[nodiscard]] TimePoint intended(std::uint64_t record) const {
    return start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(record) * ns_per_record_));
  }

  /// How many records should have been sent by now, counted from the start.
  [[nodiscard]] std::uint64_t due(TimePoint now) const {
    if (now < start_) return 0;
    auto count = static_cast<std::uint64_t>(static_cast<double>((now - start_).count()) / ns_per_record_);
    // The division and intended() round apart: intended() is what counts.
    while (intended(count) <= now) ++count;
    while (count > 0 && intended(count - 1) > now) --count;
    return count;
  }

 private:
  static_assert(std::chrono::steady_clock::period::den == std::nano::den);
  TimePoint start_;
  double ns_per_record_;
};

}  // namespace leat::tool
