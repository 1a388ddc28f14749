#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/base/ids.hpp"
#include "storage/io/block_pool.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::storage {

class PartitionLog;

/// One batch within a group, at its place in the group's block.
struct StagedBatch {
  std::shared_ptr<PartitionLog> log;
  Offset base_offset;
  Offset next_offset;
  TimestampMs max_timestamp = 0;
  std::size_t position = 0;  ///< of the batch, within the block
  std::size_t bytes = 0;
};

/// What goes to the page cache only lies densely, so that little of it touches few pages.
inline constexpr std::size_t kCachedGroupAlignment = 64;

constexpr std::size_t group_alignment(bool journaled) { return journaled ? kDirectAlignment : kCachedGroupAlignment; }

/// Batches of any partitions that become durable with one journal write (journaled) or go to the page cache only.
struct CommitGroup {
  bool journaled = true;
  std::uint64_t sequence = 0;  ///< journaled groups: given when the group is closed
  std::shared_ptr<Block> block;
  std::size_t begin = 0;  ///< of the group within the block, a multiple of its alignment
  std::size_t end = 0;    ///< of its last entry
  std::vector<StagedBatch> batches;
  std::chrono::nanoseconds journal_time{0};  ///< that its write to the journal took
  int writers_left = 0;                      ///< the queue's own bookkeeping

  /// What it takes of the block, and of the journal: whole pages there.
  [[nodiscard]] std::size_t padded_bytes() const { return align_up(end - begin, group_alignment(journaled)); }
  [[nodiscard]] ByteSpan bytes_of(const StagedBatch& batch) const { return block->bytes().subspan(batch.position, batch.bytes); }
};

using CommitGroupPtr = std::shared_ptr<CommitGroup>;

}  // namespace leat::storage
