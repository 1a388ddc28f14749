#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <optional>

#include "leat/producer.hpp"

namespace leat::tool {

/// What became of published records. add() belongs to the client's thread; counts and has_failure() to any; the rest may be read
/// once no callback can come any more (the Client is gone).
class Deliveries {
 public:
  struct PartitionRange {
    std::uint64_t records = 0;
    Offset first;
    Offset last;
  };

  void add(const Result<Delivery>& delivery);

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool has_failure() const { return failed_.load(std::memory_order_relaxed); }

  [[nodiscard]] const std::map<PartitionId, PartitionRange>& partitions() const { return partitions_; }
  [[nodiscard]] const std::optional<Error>& first_error() const { return first_error_; }
  /// The lowest level reached by any record; nothing when none was acknowledged.
  [[nodiscard]] std::optional<AckLevel> level() const { return level_; }

 private:
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<bool> failed_{false};
  std::map<PartitionId, PartitionRange> partitions_;
  PartitionRange* current_ = nullptr;  ///< of current_partition_: acknowledgements come in runs of one partition
  PartitionId current_partition_{-1};
  std::optional<Error> first_error_;
  std::optional<AckLevel> level_;
};

/// "durable", "written" or "none".
std::string_view name_of(AckLevel level);

}  // namespace leat::tool
