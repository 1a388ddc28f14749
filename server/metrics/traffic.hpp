#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "server/metrics/counter.hpp"
#include "server/metrics/transport.hpp"

namespace leat::server {

/// Records and their bytes, by transport. One thread counts, any thread reads.
class Traffic {
 public:
  struct Count {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  void count(Transport transport, std::uint64_t records, std::uint64_t bytes) {
    records_[index_of(transport)].add(records);
    bytes_[index_of(transport)].add(bytes);
  }
  [[nodiscard]] Count of(std::size_t transport) const { return {records_[transport].value(), bytes_[transport].value()}; }

 private:
  std::array<Counter, kTransports> records_;
  std::array<Counter, kTransports> bytes_;
};

/// What was delivered from one partition: counted by every shard for itself. A shard that delivers nothing of it costs a pointer.
class DeliveredTraffic {
 public:
  explicit DeliveredTraffic(std::size_t shards) : of_shard_(shards) {}
  ~DeliveredTraffic() {
    for (auto& traffic : of_shard_) delete traffic.load();
  }
  DeliveredTraffic(const DeliveredTraffic&) = delete;
  DeliveredTraffic& operator=(const DeliveredTraffic&) = delete;

  /// On that shard's thread.
  void count(std::size_t shard, Transport transport, std::uint64_t records, std::uint64_t bytes) {
    std::atomic<Traffic*>& slot = of_shard_[shard];
    Traffic* traffic = slot.load(std::memory_order_relaxed);
    if (traffic == nullptr) {
      traffic = std::make_unique<Traffic>().release();
      slot.store(traffic, std::memory_order_release);
    }
    traffic->count(transport, records, bytes);
  }

  /// Any thread: of all shards together.
  [[nodiscard]] Traffic::Count of(std::size_t transport) const {
    Traffic::Count sum;
    for (const auto& slot : of_shard_) {
      const Traffic* const traffic = slot.load(std::memory_order_acquire);
      if (traffic == nullptr) continue;
      const Traffic::Count count = traffic->of(transport);
      sum.records += count.records;
      sum.bytes += count.bytes;
    }
    return sum;
  }

 private:
  std::vector<std::atomic<Traffic*>> of_shard_;  ///< owned; null until the shard has counted something
};

}  // namespace leat::server
