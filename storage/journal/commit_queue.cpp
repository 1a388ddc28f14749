#include "storage/journal/commit_queue.hpp"

#include <cstring>

#include "protocol/base/assert.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::storage {
namespace {

/// So much is worth a write to the segments of its own.
constexpr std::size_t kSegmentsBytesMin = 256U << 10;

std::size_t content_bytes(const CommitGroup& group) { return group.end - group.begin - kGroupHeaderBytes; }

}  // namespace

CommitQueue::CommitQueue(CommitQueueOptions options)
    : options_(options),
      pool_(std::make_shared<BlockPool>(options.group_bytes_max, options.queued_bytes_max / options.group_bytes_max + 1)) {}

/// How much more is queued with the batch: as much as its group, padded, grows by.
std::size_t CommitQueue::added_bytes(const Lane& lane, std::size_t batch_bytes) {
  const std::size_t wanted = entry_bytes(batch_bytes);
  const std::size_t alignment = group_alignment(lane.journaled);
  if (!has_room(lane, wanted)) return align_up(kGroupHeaderBytes + wanted, alignment);
  return align_up(lane.open->end - lane.open->begin + wanted, alignment) - lane.open->padded_bytes();
}

bool CommitQueue::has_room(const Lane& lane, std::size_t wanted_bytes) {
  return lane.open && lane.open->end + wanted_bytes <= lane.block->size();
}

Result<void> CommitQueue::check_open() const {
  if (error_) return *error_;
  if (stopped_) return Error(Errc::shutting_down);
  if (full_reasons_ != 0) return Error(Errc::storage_full);
  // One batch may go beyond the limit: a large one would otherwise wait for as long as small ones take what becomes free.
  if (queued_bytes_ >= options_.queued_bytes_max) return Error(Errc::would_block);
  return ok();
}

Result<CommitQueue::Staged> CommitQueue::stage(std::shared_ptr<PartitionLog> log, LogId log_id, const record::BatchHeader& header,
                                               ByteSpan batch, Offset base_offset, bool journaled) {
  std::unique_lock lock(mutex_);
  Lane& lane = journaled ? journaled_ : cached_;
  const std::size_t added = added_bytes(lane, batch.size());
  LEAT_TRY(check_open());
  CommitGroup& group = open_group(lane, batch.size());

  std::byte* const entry = lane.block->bytes().data() + group.end;
  const std::size_t position = group.end + kEntryHeaderBytes;
  encode_entry_header({log_id, base_offset, static_cast<std::uint32_t>(batch.size()), header.crc}, entry);
  std::memcpy(entry + kEntryHeaderBytes, batch.data(), batch.size());
  record::patch_base_offset(MutableByteSpan(entry + kEntryHeaderBytes, batch.size()), base_offset, 0);
  const std::size_t used = kEntryHeaderBytes + batch.size();
  std::memset(entry + used, 0, entry_bytes(batch.size()) - used);

  group.end += entry_bytes(batch.size());
  group.batches.push_back(
      {std::move(log), base_offset, base_offset + (header.last_offset_delta + 1), header.max_timestamp, position, batch.size()});
  queued_bytes_ += added;
  if (!journaled) segments_bytes_ += entry_bytes(batch.size());
  const bool wakes = journaled || (options_.stager_writes ? segments_urgent() : wakes_segments());
  Staged staged{lane.block, position};
  lock.unlock();  // or the thread that wakes up would wait for it
  if (wakes) (journaled ? journal_wanted_ : segments_wanted_).notify_one();
  return staged;
}

CommitGroup& CommitQueue::open_group(Lane& lane, std::size_t batch_bytes) {
  const std::size_t wanted = entry_bytes(batch_bytes);
  if (has_room(lane, wanted)) return *lane.open;
  if (lane.open) close_group(lane);

  std::size_t begin = align_up(lane.block_end, group_alignment(lane.journaled));
  if (!lane.block || begin + kGroupHeaderBytes + wanted > lane.block->size()) {
    lane.block = pool_->take(align_up(kGroupHeaderBytes + wanted, kDirectAlignment));
    keep_for_tail(lane.block);
    begin = 0;
  }
  lane.open = std::make_shared<CommitGroup>();
  lane.open->journaled = lane.journaled;
  lane.open->block = lane.block;
  lane.open->begin = begin;
  lane.open->end = begin + kGroupHeaderBytes;
  lane.open->writers_left = lane.journaled ? 2 : 1;
  return *lane.open;
}

void CommitQueue::close_group(Lane& lane) {
  if (lane.journaled) lane.open->sequence = next_sequence_++;
  // Recycled memory: what the padding holds may reach the disk.
  const std::size_t padded_end = lane.open->begin + lane.open->padded_bytes();
  std::memset(lane.block->bytes().data() + lane.open->end, 0, padded_end - lane.open->end);
  lane.block_end = lane.open->end;
  lane.closed.push_back(std::move(lane.open));
  lane.open = nullptr;
}

void CommitQueue::keep_for_tail(const std::shared_ptr<Block>& block) {
  tail_.push_back(block);
  tail_bytes_ += block->size();
  while (tail_bytes_ > options_.tail_bytes_max && tail_.size() > 1) {
    tail_bytes_ -= tail_.front()->size();
    tail_.pop_front();
  }
}

CommitGroupPtr CommitQueue::take_for_journal() {
  std::unique_lock lock(mutex_);
  if (error_ || !journal_work()) return nullptr;
  if (journaled_.closed.empty()) close_group(journaled_);
  CommitGroupPtr group = std::move(journaled_.closed.front());
  journaled_.closed.pop_front();
  for_segments_.push_back(group);
  segments_bytes_ += content_bytes(*group);
  const bool wakes = wakes_segments();
  lock.unlock();
  if (wakes) segments_wanted_.notify_one();
  return group;
}

CommitGroupPtr CommitQueue::take_for_segments() {
  const std::lock_guard lock(mutex_);
  if (error_) return nullptr;
  if (!segment_work()) return nullptr;
  CommitGroupPtr group = std::exchange(put_back_, nullptr);
  if (!group) {
    // In turns: whoever has no journal is acknowledged by this, and must not wait for as long as the journal is busy.
    const bool takes_cached = for_segments_.empty() || (is_cached_next_ && cached_work());
    if (takes_cached && cached_.closed.empty()) close_group(cached_);
    auto& groups = takes_cached ? cached_.closed : for_segments_;
    group = std::move(groups.front());
    groups.pop_front();
    is_cached_next_ = !takes_cached;
  }
  taken_for_segments(*group);
  return group;
}

CommitGroupPtr CommitQueue::take_small_for_segments(std::size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  if (error_ || full_reasons_ != 0 || put_back_ || !cached_.open || !cached_.closed.empty()) return nullptr;
  if (content_bytes(*cached_.open) > bytes_max) return nullptr;
  close_group(cached_);
  CommitGroupPtr group = std::move(cached_.closed.front());
  cached_.closed.pop_front();
  taken_for_segments(*group);
  return group;
}

void CommitQueue::taken_for_segments(const CommitGroup& group) {
  segments_bytes_ -= content_bytes(group);
  if (!cached_work()) is_cached_hurried_ = false;
}

void CommitQueue::put_back_for_segments(CommitGroupPtr group) {
  const std::lock_guard lock(mutex_);
  LEAT_ASSERT(!put_back_);
  segments_bytes_ += content_bytes(*group);
  put_back_ = std::move(group);
}

void CommitQueue::wait_for_journal_work() {
  std::unique_lock lock(mutex_);
  journal_wanted_.wait(lock, [this] { return stopped_ || error_ || journal_work(); });
}

void CommitQueue::wait_for_segment_work() {
  std::unique_lock lock(mutex_);
  const auto ends = [this] { return error_ || (stopped_ && !journal_to_come()); };
  segments_idle_ = true;
  segments_wanted_.wait(lock, [&] { return ends() || segment_work(); });
  segments_idle_ = false;
  segments_wanted_.wait_for(lock, options_.segments_delay, [&] { return ends() || segments_urgent(); });
}

bool CommitQueue::segments_urgent() const {
  if (put_back_ || is_cached_hurried_ || stopped_) return true;
  if (!for_segments_.empty() && for_segments_.front()->sequence <= hurried_sequence_) return true;
  return segments_bytes_ >= kSegmentsBytesMin || queued_bytes_ * 2 >= options_.queued_bytes_max;
}

void CommitQueue::hurry() {
  const std::lock_guard lock(mutex_);
  hurried_sequence_ = journaled_.open ? next_sequence_ : next_sequence_ - 1;
  is_cached_hurried_ = cached_work();
  if (segments_urgent()) segments_wanted_.notify_one();
}

void CommitQueue::done(CommitGroup& group) {
  const std::lock_guard lock(mutex_);
  LEAT_ASSERT(group.writers_left > 0);
  if (--group.writers_left == 0) queued_bytes_ -= group.padded_bytes();
}

void CommitQueue::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  journal_wanted_.notify_all();
  segments_wanted_.notify_all();
}

void CommitQueue::set_full(FullReason reason, bool full) {
  const std::lock_guard lock(mutex_);
  const auto bit = static_cast<std::uint8_t>(reason);
  full_reasons_ = static_cast<std::uint8_t>(full ? full_reasons_ | bit : full_reasons_ & ~bit);
}

bool CommitQueue::full() const {
  const std::lock_guard lock(mutex_);
  return full_reasons_ != 0;
}

void CommitQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  journal_wanted_.notify_all();
  segments_wanted_.notify_all();
}

void CommitQueue::end_journal() {
  const std::lock_guard lock(mutex_);
  journal_ended_ = true;
  segments_wanted_.notify_all();
}

bool CommitQueue::failed() const {
  const std::lock_guard lock(mutex_);
  return error_.has_value();
}

bool CommitQueue::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool CommitQueue::drained() const {
  const std::lock_guard lock(mutex_);
  return stopped_ && !journal_to_come() && !segment_work();
}

std::size_t CommitQueue::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_;
}

std::size_t CommitQueue::tail_bytes() const {
  const std::lock_guard lock(mutex_);
  return tail_bytes_;
}

}  // namespace leat::storage
