#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "protocol/base/ids.hpp"

namespace leat::storage {

/// What the partitions of a store have in common about idempotent producers: which ids exist, and how many they may remember
/// together, a producer counted once in each partition it writes to. Shared by the store and its logs; any thread.
class ProducerRegistry {
 public:
  explicit ProducerRegistry(std::size_t remembered_max) : remembered_max_(remembered_max) {}

  /// Every id below may have been given away; whoever comes with another one did not get it from this broker.
  void set_next_id(ProducerId next) { next_id_.store(next.value()); }
  [[nodiscard]] ProducerId next_id() const { return ProducerId(next_id_.load()); }

  void remember() { ++remembered_; }
  void forget(std::size_t count) { remembered_ -= count; }
  [[nodiscard]] std::size_t remembered() const { return remembered_.load(); }
  /// No new ones are taken until some are forgotten.
  [[nodiscard]] bool full() const { return remembered() >= remembered_max_; }

 private:
  const std::size_t remembered_max_;
  std::atomic<std::size_t> remembered_{0};
  std::atomic<std::int64_t> next_id_{0};
};

}  // namespace leat::storage
