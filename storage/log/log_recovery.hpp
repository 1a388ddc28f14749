#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/log/producer_table.hpp"
#include "storage/segment/segment_appender.hpp"

namespace leat::storage {

/// What the checkpoint says of one partition: everything before `offset` is in synced segments.
struct RecoveryPoint {
  LogId log;
  Offset log_start;
  Offset offset;
  Offset segment_base;                      ///< the segment that holds `offset`, or will
  std::uint64_t position = 0;               ///< of `offset` in it
  ProducerId producers_forgotten_below{0};  ///< see ProducerTable::forgotten_below
  std::vector<ProducerState> producers;

  friend bool operator==(const RecoveryPoint&, const RecoveryPoint&) = default;
};

/// A log as recovery found it.
struct RecoveredLog {
  explicit RecoveredLog(std::shared_ptr<ProducerRegistry> registry) : producers(std::move(registry)) {}

  std::deque<std::shared_ptr<Segment>> segments;  ///< ascending, without a gap; the last one is the appender's
  std::optional<SegmentAppender> appender;
  Offset log_start;
  Offset next_offset;
  ProducerTable producers;
};

/// Puts a partition's segments in order after a start: checks that what the checkpoint vouches for is there, scans what was
/// written after it, cuts a torn tail, rebuilds missing indexes. Only bytes behind the recovery point are ever cut; anything
/// wrong before it is corruption and nothing is changed.
///
/// after_crash: rewrite what the scan finds whole, see ScanOptions.
Result<RecoveredLog> recover_log(const std::shared_ptr<OpenFiles>& files, const std::shared_ptr<BlockPool>& read_blocks,
                                 const std::shared_ptr<ProducerRegistry>& producers, const Path& directory,
                                 const RecoveryPoint& point, TimestampMs now_ms, bool after_crash);

}  // namespace leat::storage
