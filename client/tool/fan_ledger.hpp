#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::tool {

/// What the batches hold that all the subscribers of a fan receive: each is decoded once, and not once a subscriber. One thread.
class FanLedger {
 public:
  /// A batch's records of the run.
  struct Entry {
    std::vector<std::int64_t> intended_ns;  ///< of each; 0: not to be measured
    std::size_t size_bytes = 0;             ///< of the values that are to be measured
    std::uint64_t measured = 0;
  };

  explicit FanLedger(std::uint64_t run) : run_(run) {}

  /// Of one whole batch of a partition; valid until the next call. Fails with invalid_batch, batch_too_large.
  Result<const Entry*> look_up(PartitionId partition, ByteSpan batch);

 private:
  using Key = std::pair<PartitionId, Offset>;
  static constexpr std::size_t kEntriesMax = 4096;

  Result<Entry> decode(ByteSpan batch) const;

  const std::uint64_t run_;
  std::map<Key, Entry> entries_;
  std::deque<Key> order_;  ///< the oldest first
};

}  // namespace leat::tool
