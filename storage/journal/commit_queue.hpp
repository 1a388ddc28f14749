#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "protocol/base/result.hpp"
#include "protocol/record/format.hpp"
#include "storage/journal/commit_group.hpp"

namespace leat::storage {

struct CommitQueueOptions {
  std::size_t group_bytes_max = 1U << 20;    ///< also the size of a block
  std::size_t queued_bytes_max = 16U << 20;  ///< of groups not yet through both writers, padded; one batch may go beyond
  std::size_t tail_bytes_max = 32U << 20;    ///< blocks kept after that for readers at the tail
  /// So long the segments' writer lets groups gather that nobody waits for, unless there is much to write.
  std::chrono::microseconds segments_delay{5'000};
  /// Whoever stages what has no journal writes it, or calls hurry(), soon: nobody else is woken for it while it is little.
  bool stager_writes = false;
};

/// Why no more batches are taken for want of room.
enum class FullReason : std::uint8_t {
  reserve = 1,     ///< less is free than is to be kept free
  segments = 2,    ///< a group that may be acknowledged already waits for room in its segments
  checkpoint = 4,  ///< the checkpoint does not fit, so the journal cannot be recycled
};

/// Where partitions hand their batches to the two writers. A batch is copied once, into the block from which the journal is
/// written, the segment is written and the tail's readers are served. A group holds whatever gathered while the writers were busy
/// with the one before. The journal's writer has no timer. The segments' has one, as waking it for every group would cost more
/// than what it writes: whoever waits for its work says so with hurry().
///
/// Any thread may stage; one thread takes groups for the journal, one for the segments. Bounded: staging fails with would_block
/// at the limit, and nothing is staged once the queue has failed.
class CommitQueue {
 public:
  explicit CommitQueue(CommitQueueOptions options);

  struct Staged {
    std::shared_ptr<Block> block;
    std::size_t position;
  };
  /// Copies the batch, with base_offset patched in, to the open group of its lane.
  Result<Staged> stage(std::shared_ptr<PartitionLog> log, LogId log_id, const record::BatchHeader& header, ByteSpan batch,
                       Offset base_offset, bool journaled);

  /// The next group to journal, in sequence; null when there is none. It is up for writing to the segments from then on too.
  CommitGroupPtr take_for_journal();
  /// The next group to write to the segments; null when there is none.
  CommitGroupPtr take_for_segments();
  /// The same, of those that do not go through the journal, if that is all there is of them, it has at most so many bytes and the
  /// queue is not full. What goes through the journal may be written before or after it.
  CommitGroupPtr take_small_for_segments(std::size_t bytes_max);
  /// A group that was taken for the segments and could not be written: the next to be taken again, by take_for_segments().
  void put_back_for_segments(CommitGroupPtr group);
  /// Blocks until take_for_journal / take_for_segments would give a group, or never will again. For the segments it lets groups
  /// gather first, and may return although another thread has taken them meanwhile.
  void wait_for_journal_work();
  void wait_for_segment_work();
  /// What is staged by now is to be written to the segments without delay; what goes through the journal, once it did.
  void hurry();

  /// A group is through one of its writers. When it is through all of them its bytes no longer count.
  void done(CommitGroup& group);

  /// Every later stage() fails with this error (storage_failed); what is queued stays with its owners.
  void fail(Error error);
  /// stage() answers storage_full while any of the reasons is set.
  void set_full(FullReason reason, bool full);
  [[nodiscard]] bool full() const;
  /// Wakes the waiting writers for good.
  void stop();
  /// The journal's writer takes no more: from now on the other one does not wait for what it has left in the queue.
  void end_journal();

  [[nodiscard]] bool failed() const;
  [[nodiscard]] bool stopped() const;
  /// Stopped, and both writers have taken everything that they will.
  [[nodiscard]] bool drained() const;
  /// Of the groups that are not yet through both writers, padded.
  [[nodiscard]] std::size_t queued_bytes() const;
  /// Of the blocks that are kept for readers at the tail; some of them may be queued still.
  [[nodiscard]] std::size_t tail_bytes() const;

 private:
  struct Lane {
    bool journaled;
    CommitGroupPtr open;
    std::shared_ptr<Block> block;
    std::size_t block_end = 0;  ///< of what is laid out in `block`
    std::deque<CommitGroupPtr> closed;
  };

  Result<void> check_open() const;
  static bool has_room(const Lane& lane, std::size_t wanted_bytes);
  static std::size_t added_bytes(const Lane& lane, std::size_t batch_bytes);
  CommitGroup& open_group(Lane& lane, std::size_t batch_bytes);
  void close_group(Lane& lane);
  void taken_for_segments(const CommitGroup& group);
  void keep_for_tail(const std::shared_ptr<Block>& block);
  bool cached_work() const { return cached_.open || !cached_.closed.empty(); }
  bool segment_work() const { return put_back_ || !for_segments_.empty() || cached_work(); }
  bool segments_urgent() const;
  /// Whether the segments' writer, waiting, would go on now; it need not be woken otherwise.
  bool wakes_segments() const { return segments_idle_ || segments_urgent(); }
  bool journal_work() const { return journaled_.open || !journaled_.closed.empty(); }
  /// More may come from the journal's writer to the other one.
  bool journal_to_come() const { return journal_work() && !journal_ended_; }

  const CommitQueueOptions options_;
  const std::shared_ptr<BlockPool> pool_;

  mutable std::mutex mutex_;
  std::condition_variable journal_wanted_;
  std::condition_variable segments_wanted_;
  Lane journaled_{.journaled = true};
  Lane cached_{.journaled = false};
  std::deque<CommitGroupPtr> for_segments_;  ///< taken for the journal, not yet for the segments
  CommitGroupPtr put_back_;                  ///< comes before those
  std::size_t segments_bytes_ = 0;           ///< of those, and of the lane that has no journal
  bool segments_idle_ = false;               ///< their writer waits for anything at all
  std::uint64_t hurried_sequence_ = 0;       ///< groups of the journal up to it are wanted in their segments
  bool is_cached_hurried_ = false;           ///< so is all that has no journal
  bool is_cached_next_ = false;              ///< the last group for the segments had gone through the journal
  std::deque<std::shared_ptr<Block>> tail_;
  std::size_t tail_bytes_ = 0;
  std::size_t queued_bytes_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::optional<Error> error_;
  std::uint8_t full_reasons_ = 0;
  bool stopped_ = false;
  bool journal_ended_ = false;
};

}  // namespace leat::storage
