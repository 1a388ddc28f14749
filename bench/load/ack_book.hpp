#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "bench/load/peer.hpp"

namespace leat::load {

/// When the unacknowledged records of a publisher were meant to be sent, by the number each got; acknowledgements may come in any
/// order. One thread.
class AckBook {
 public:
  /// The number of the record: 0, 1, 2...
  std::uint64_t add(Time intended) {
    open_.push_back(intended);
    return first_ + open_.size() - 1;
  }

  [[nodiscard]] bool empty() const { return open_.empty(); }
  /// The number of the oldest unacknowledged record, or of the next one.
  [[nodiscard]] std::uint64_t oldest() const { return first_; }

  /// Nothing when the record is acknowledged already or was never sent.
  std::optional<Time> acknowledge(std::uint64_t number) {
    if (number < first_ || number - first_ >= open_.size()) return std::nullopt;
    Time& entry = open_[static_cast<std::size_t>(number - first_)];
    if (entry == kAcknowledged) return std::nullopt;
    const Time intended = entry;
    entry = kAcknowledged;
    for (; !open_.empty() && open_.front() == kAcknowledged; ++first_) open_.pop_front();
    return intended;
  }

 private:
  static constexpr Time kAcknowledged = Time::min();
  std::deque<Time> open_;
  std::uint64_t first_ = 0;
};

}  // namespace leat::load
