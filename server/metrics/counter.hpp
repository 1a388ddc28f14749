#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>

namespace leat::server {

/// A number that one thread changes and any thread reads: no more than a load and a store, as on a plain variable.
template <std::integral T>
class OwnedNumber {
 public:
  void add(T change) { value_.store(static_cast<T>(value_.load(std::memory_order_relaxed) + change), std::memory_order_relaxed); }
  [[nodiscard]] T value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_{0};
};

using Counter = OwnedNumber<std::uint64_t>;  ///< only ever grows
using Gauge = OwnedNumber<std::int64_t>;

}  // namespace leat::server
