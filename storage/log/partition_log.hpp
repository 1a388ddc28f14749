#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "protocol/base/clock.hpp"
#include "protocol/base/result.hpp"
#include "protocol/record/format.hpp"
#include "storage/catalog/topic_config.hpp"
#include "storage/journal/commit_queue.hpp"
#include "storage/log/log_recovery.hpp"
#include "storage/log/producer_table.hpp"
#include "storage/segment/segment_appender.hpp"

namespace leat::storage {

/// What every partition's log works with. Outlives the logs.
struct LogEnvironment {
  FileSystem& fs;
  std::shared_ptr<OpenFiles> files;
  const Clock& clock;
  CommitQueue& queue;
  std::shared_ptr<BlockPool> read_blocks;
  std::shared_ptr<ProducerRegistry> producers;
};

/// The log of one partition: segments on disk, and in memory the batches that are on their way there.
///
///   log start <= durable, written <= next        high watermark = durable (or written, for a topic with durability "os")
///
/// append() is the partition's owner's; write() and mark_durable() are the two writers'; sync(), roll and retention are
/// maintenance's, one at a time; everything else may be called from any thread.
class PartitionLog : public std::enable_shared_from_this<PartitionLog> {
 public:
  /// Opens or creates the log in `directory` and cuts a torn tail. The caller replays the journal into it and then syncs it,
  /// before anything is appended. Errors: corruption for damage that a crash does not explain, io_error.
  static Result<std::shared_ptr<PartitionLog>> open(const LogEnvironment& environment, Path directory, const RecoveryPoint& point,
                                                    const TopicConfig& config, bool after_crash);
  /// A journal entry of this log. Already there: nothing happens. corruption when batches before it are missing.
  Result<void> replay(const record::BatchHeader& header, ByteSpan batch);

  struct Appended {
    Offset base_offset;
    Offset next_offset;
    bool duplicate = false;  ///< an idempotent producer sent it before; the offsets are the original ones
    bool journaled = true;   ///< goes through the journal: visible once that is written, otherwise once its segment is
  };
  /// Gives a batch that was validated its offsets and stages it; durable and visible later. would_block when the commit queue is
  /// full or a change of durability is under way: try again when the writers have moved. Otherwise out_of_order_sequence,
  /// producer_fenced, unknown_producer, overloaded (too many producers), storage_full, storage_failed, unknown_topic (deleted).
  Result<Appended> append(const record::BatchHeader& header, ByteSpan batch);

  /// Whole batches from the one that contains `from` that end at or before `limit` (not beyond next_offset), from memory at the
  /// tail and else from the segments. Nothing when from == limit, or the limit lies within the first batch. Errors:
  /// offset_out_of_range below the log start or above the limit, and Segment::read's.
  Result<ReadBatches> read(Offset from, Offset limit, std::size_t bytes_max, ReadMode mode, ReadHint& hint);

  struct TimeMatch {
    Offset offset;
    TimestampMs timestamp;
  };
  /// Segment::locate, for what is in no memory.
  std::optional<ReadBatches> locate(Offset from, Offset limit, std::size_t bytes_max, ReadHint& hint);
  /// The first record below `limit` whose timestamp is not before `timestamp`. A batch whose records cannot be read answers as a
  /// whole, by what its header says. Passes over segments that hold nothing so new. Blocks on the disk.
  Result<std::optional<TimeMatch>> find_time(TimestampMs timestamp, Offset limit);

  // --- the two writers
  /// Appends a group's batches of this log to the active segment, rolling it as needed. In the page cache on return.
  Result<void> write(std::span<const PlacedBatch> batches, bool journaled);
  /// Whether write() of so many bytes would probably wait for nothing: no file to open, nobody else who writes.
  [[nodiscard]] bool writes_at_once(std::size_t bytes);
  /// The journal holds everything before `end` on stable storage.
  void mark_durable(Offset end);

  // --- maintenance
  /// A hint that sync() follows soon, when other logs have been told the same. For little only: sync() writes in steps, between
  /// which the journal gets its turn.
  void start_write_back();
  /// Makes what is written durable in the segments and returns where recovery may begin from now on.
  /// storage_full when a file could not be opened for want of descriptors: nothing is lost, try again. After any other error the
  /// log cannot be vouched for.
  Result<RecoveryPoint> sync();
  [[nodiscard]] RecoveryPoint recovery_point() const;
  /// Written since the last sync.
  [[nodiscard]] bool needs_sync() const;
  /// The log start that retention asks for, by when records were appended and by their size; rolls the active segment when it
  /// has expired as a whole.
  Result<Offset> retention_start(TimestampMs now_ms);
  /// Moves the log start forward; false when it is there already. Lasting once the recovery point was saved.
  Result<bool> advance_log_start(Offset to);
  /// Removes the segments that neither the log start nor the place of a saved recovery point needs.
  Result<void> remove_segments_before(const RecoveryPoint& saved);
  /// When each of the producers that are remembered was used last.
  void collect_last_used(std::vector<TimestampMs>& into) const;
  /// As ProducerTable::forget_unused_since.
  std::size_t forget_producers_unused_since(TimestampMs since_ms, std::size_t used_then_max = 0);
  /// Where the log starts after a crash at this moment.
  [[nodiscard]] Offset saved_log_start() const;
  void configure(const TopicConfig& config);
  /// No change of durability is under way. One towards the journal ends with a sync() once all that was staged before is written;
  /// until then append() answers would_block.
  [[nodiscard]] bool settled() const;
  /// Nothing more is appended, written or read, and every file is closed but those that a read is at this moment in. They may be
  /// removed once this returned.
  void close();

  [[nodiscard]] LogId id() const { return id_; }
  [[nodiscard]] const Path& directory() const { return directory_; }
  [[nodiscard]] Offset high_watermark() const { return Offset(high_watermark_.load(std::memory_order_acquire)); }
  [[nodiscard]] Offset durable_end() const { return Offset(durable_.load(std::memory_order_acquire)); }
  [[nodiscard]] Offset written_end() const { return Offset(written_.load(std::memory_order_acquire)); }
  [[nodiscard]] Offset log_start() const;
  [[nodiscard]] Offset next_offset() const;
  [[nodiscard]] std::uint64_t size_bytes() const;
  /// Of which readers may find the memory still there.
  [[nodiscard]] std::size_t tail_batches() const;
  [[nodiscard]] std::size_t batch_bytes_max() const { return batch_bytes_max_.load(std::memory_order_relaxed); }

 private:
  struct TailEntry {
    Offset base_offset;
    Offset next_offset;
    std::weak_ptr<Block> block;
    std::size_t position;
    std::size_t bytes;
  };

  PartitionLog(const LogEnvironment& environment, Path directory, const RecoveryPoint& point, RecoveredLog recovered,
               const TopicConfig& config);

  static void advance(std::atomic<std::int64_t>& mark, Offset to);
  Result<void> settle_lane();
  Result<std::optional<TimeMatch>> find_time_between(TimestampMs timestamp, Offset from, Offset limit);
  void forget_recycled_tail();
  std::optional<ReadBatches> read_tail(Offset from, Offset limit, std::size_t bytes_max);
  std::shared_ptr<Segment> segment_for(Offset offset) const;
  Result<void> append_run(std::span<const PlacedBatch> batches);
  Result<void> roll();
  void put_back_unsynced(std::vector<std::shared_ptr<Segment>> segments, bool directory);
  Offset retention_start_of_sealed(TimestampMs now_ms, bool& active_expired) const;

  const LogEnvironment environment_;
  const LogId id_;
  const Path directory_;
  std::atomic<std::size_t> batch_bytes_max_;

  std::mutex write_mutex_;                   ///< over the appender; taken before mutex_
  std::optional<SegmentAppender> appender_;  ///< none once closed_for_writing_
  bool closed_for_writing_ = false;

  std::mutex sync_mutex_;  ///< one sync or removal of files at a time; taken before the others

  mutable std::mutex mutex_;  ///< over everything below; never held during a disk operation
  TopicConfig config_;
  bool journaled_;  ///< the lane batches go through; follows config_.durability when nothing is under way
  bool closed_ = false;
  Offset log_start_;
  Offset next_offset_;
  std::deque<std::shared_ptr<Segment>> segments_;  ///< ascending, the last one active; none once closed_
  std::vector<std::shared_ptr<Segment>> unsynced_;
  Offset written_segment_base_;  ///< with written_position_ where written_ is: a recovery point in the making
  std::uint64_t written_position_ = 0;
  bool directory_unsynced_ = true;
  std::deque<TailEntry> tail_;
  ProducerTable producers_;
  RecoveryPoint recovery_point_;
  Offset saved_log_start_;  ///< of the checkpoint on disk

  std::atomic<std::int64_t> written_;
  std::atomic<std::int64_t> durable_;
  std::atomic<std::int64_t> high_watermark_;
};

}  // namespace leat::storage
