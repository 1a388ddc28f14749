#include <algorithm>

#include "storage/log/partition_log.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kWrittenBackAheadBytesMax = 512U << 10;

/// An index that the disk has no room for is no reason to stop: what the file lacks is in memory, and rebuilt at the next start.
Result<void> save_index(SegmentIndex& index, bool sealed) {
  auto saved = index.flush();
  // The active segment's index is finished later; a lost entry costs a longer scan, no data.
  if (saved.has_value() && sealed) saved = index.sync();
  return saved.has_error() && saved.error().code == Errc::storage_full ? ok() : saved;
}

}  // namespace

void PartitionLog::start_write_back() {
  std::shared_ptr<Segment> segment;
  {
    const std::lock_guard lock(mutex_);
    const bool little = unsynced_.size() == 1 && recovery_point_.segment_base == written_segment_base_ &&
                        written_position_ - recovery_point_.position <= kWrittenBackAheadBytesMax;
    if (!little) return;
    segment = unsynced_.front();
  }
  segment->file().start_write_back_written();
}

Result<RecoveryPoint> PartitionLog::sync() {
  const std::lock_guard one_at_a_time(sync_mutex_);
  RecoveryPoint point;
  std::vector<std::shared_ptr<Segment>> unsynced;
  std::shared_ptr<Segment> active;
  bool directory = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return recovery_point_;
    point = {id_,
             log_start_,
             written_end(),
             written_segment_base_,
             written_position_,
             producers_.forgotten_below(),
             producers_.snapshot(written_end())};
    unsynced.swap(unsynced_);
    directory = std::exchange(directory_unsynced_, false);
    active = segments_.back();
  }
  for (auto segment = unsynced.begin(); segment != unsynced.end(); ++segment) {
    auto synced = (*segment)->sync();
    if (synced.has_error() && synced.error().code == Errc::storage_full) put_back_unsynced({segment, unsynced.end()}, directory);
    LEAT_TRY(std::move(synced));
    LEAT_TRY(save_index((*segment)->index(), *segment != active));
  }
  if (directory) LEAT_TRY(sync_names(environment_.fs, directory_));
  const std::lock_guard lock(mutex_);
  recovery_point_ = point;
  advance(durable_, point.offset);
  return point;
}

void PartitionLog::put_back_unsynced(std::vector<std::shared_ptr<Segment>> segments, bool directory) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (auto& segment : unsynced_) {
    if (std::ranges::find(segments, segment) == segments.end()) segments.push_back(std::move(segment));
  }
  unsynced_ = std::move(segments);
  directory_unsynced_ = directory_unsynced_ || directory;
}

RecoveryPoint PartitionLog::recovery_point() const {
  const std::lock_guard lock(mutex_);
  return recovery_point_;
}

bool PartitionLog::needs_sync() const {
  const std::lock_guard lock(mutex_);
  return !closed_ && (!unsynced_.empty() || directory_unsynced_ || recovery_point_.log_start != log_start_ ||
                      recovery_point_.offset != written_end());
}

Offset PartitionLog::retention_start_of_sealed(TimestampMs now_ms, bool& active_expired) const {
  const std::lock_guard lock(mutex_);
  if (closed_) return log_start_;
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->end().position;
  const auto too_old = [&](const Segment& segment) {
    return config_.retention_ms >= 0 && segment.end().position > 0 && segment.appended_ms() < now_ms - config_.retention_ms;
  };
  Offset start = log_start_;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    const SegmentEnd end = segments_[i]->end();
    const bool too_much =
        config_.retention_bytes >= 0 && bytes - end.position >= static_cast<std::uint64_t>(config_.retention_bytes);
    if (!too_much && !too_old(*segments_[i])) return start;
    bytes -= end.position;
    start = std::max(start, end.next_offset);
  }
  active_expired = too_old(*segments_.back());
  return start;
}

Result<Offset> PartitionLog::retention_start(TimestampMs now_ms) {
  {
    const std::lock_guard lock(mutex_);
    forget_recycled_tail();  // of a log that nothing is appended to
  }
  bool active_expired = false;
  Offset start = retention_start_of_sealed(now_ms, active_expired);
  if (active_expired) {
    const std::lock_guard lock(write_mutex_);
    if (closed_for_writing_) return start;
    // The writer may have rolled it meanwhile: a segment without batches has nothing to expire and a second one has no name.
    if (appender_->segment()->end().position > 0) LEAT_TRY(roll());
    start = retention_start_of_sealed(now_ms, active_expired);
  }
  // Batches that are written but not yet durable are not anyone's to delete.
  return std::min(start, high_watermark());
}

Result<bool> PartitionLog::advance_log_start(Offset to) {
  const std::lock_guard lock(mutex_);
  if (closed_) return Error(Errc::unknown_topic, "deleted");
  if (to > high_watermark()) {
    return Error(Errc::offset_out_of_range, "offset " + std::to_string(to.value()) + " is beyond the high watermark " +
                                                std::to_string(high_watermark().value()));
  }
  if (to <= log_start_) return false;
  log_start_ = to;
  return true;
}

Result<void> PartitionLog::remove_segments_before(const RecoveryPoint& saved) {
  const std::lock_guard no_close(sync_mutex_);
  std::vector<std::shared_ptr<Segment>> expired;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return ok();
    saved_log_start_ = saved.log_start;
    const auto needed = std::ranges::find_if(segments_, [&](const auto& segment) {
      return segment->end().next_offset > saved.log_start || segment->base_offset() >= saved.segment_base;
    });
    expired.assign(segments_.begin(), needed);
    std::erase_if(unsynced_, [&](const auto& segment) { return std::ranges::find(expired, segment) != expired.end(); });
  }
  if (expired.empty()) return ok();
  // One that stays must not keep the others' space. It is tried again with the next checkpoint.
  Result<void> all_removed = ok();
  std::vector<std::shared_ptr<Segment>> removed;
  for (const auto& segment : expired) {
    auto gone = remove_segment_files(environment_.fs, directory_, segment->base_offset());
    if (gone.has_value()) {
      removed.push_back(segment);
    } else if (all_removed.has_value()) {
      all_removed = std::move(gone);
    }
  }
  const std::lock_guard lock(mutex_);
  directory_unsynced_ = true;
  std::erase_if(segments_, [&](const auto& segment) { return std::ranges::find(removed, segment) != removed.end(); });
  return all_removed;
}

void PartitionLog::collect_last_used(std::vector<TimestampMs>& into) const {
  const std::lock_guard lock(mutex_);
  for (const ProducerState& producer : producers_.producers()) into.push_back(producer.last_used_ms);
}

std::size_t PartitionLog::forget_producers_unused_since(TimestampMs since_ms, std::size_t used_then_max) {
  const std::lock_guard lock(mutex_);
  const std::size_t remembered = producers_.size();
  const std::size_t used_then = producers_.forget_unused_since(since_ms, used_then_max);
  if (producers_.size() == remembered) return used_then;
  // Every checkpoint has the point, also one before the next sync.
  recovery_point_.producers_forgotten_below = producers_.forgotten_below();
  std::erase_if(recovery_point_.producers, [this](const ProducerState& producer) { return !producers_.remembers(producer.id); });
  return used_then;
}

Offset PartitionLog::saved_log_start() const {
  const std::lock_guard lock(mutex_);
  return saved_log_start_;
}

void PartitionLog::configure(const TopicConfig& config) {
  const std::lock_guard lock(mutex_);
  config_ = config;
  batch_bytes_max_.store(static_cast<std::size_t>(config.batch_bytes_max), std::memory_order_relaxed);
}

bool PartitionLog::settled() const {
  const std::lock_guard lock(mutex_);
  return closed_ || (config_.durability == Durability::durable) == journaled_ || recovery_point_.offset == next_offset_;
}

void PartitionLog::close() {
  // They go once the locks are let go: whoever still holds the log must hold no descriptor of an unlinked file, nor close it.
  std::deque<std::shared_ptr<Segment>> segments;
  std::vector<std::shared_ptr<Segment>> unsynced;
  std::deque<TailEntry> tail;
  ProducerTable producers(environment_.producers);
  std::optional<SegmentAppender> appender;
  const std::lock_guard syncing(sync_mutex_);
  const std::lock_guard writing(write_mutex_);
  closed_for_writing_ = true;
  appender_.swap(appender);
  const std::lock_guard lock(mutex_);
  closed_ = true;
  segments_.swap(segments);
  unsynced_.swap(unsynced);
  tail_.swap(tail);
  producers_.swap(producers);
}

}  // namespace leat::storage
