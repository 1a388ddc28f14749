#include "storage/store.hpp"

#include <algorithm>

namespace leat::storage {
namespace {

/// How far the wall clock may run ahead of the steady one before retention stops believing it.
constexpr TimestampMs kClockSlackMs = 10 * 60 * 1000;
/// One part in so many of the producers' places is kept for those that are new in a partition.
constexpr std::size_t kProducersHeadroom = 10;
/// Logs whose write-back is started before the first of them is synced; few enough that a journal write between does not wait
/// for long.
constexpr std::size_t kSyncedTogether = 64;
/// Copying so much into the page cache takes a shard some ten microseconds, as long as waking a thread for it.
constexpr std::size_t kSmallGroupBytesMax = 32U << 10;

/// A group's batches, ordered so that those of one log are together and in their order.
std::vector<const StagedBatch*> by_log(const CommitGroup& group) {
  std::vector<const StagedBatch*> batches;
  batches.reserve(group.batches.size());
  for (const StagedBatch& batch : group.batches) batches.push_back(&batch);
  const auto log_of = [](const StagedBatch* batch) { return batch->log->id(); };
  if (!std::ranges::is_sorted(batches, {}, log_of)) std::ranges::stable_sort(batches, {}, log_of);
  return batches;
}

}  // namespace

Store::Store(FileSystem& fs, const Clock& clock, Random& random, StoreOptions options)
    : fs_(fs),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      opened_wall_ms_(clock.wall_ms()),
      opened_steady_(clock.steady()),
      open_files_(std::make_shared<OpenFiles>(fs, options_.open_files_max)),
      read_blocks_(std::make_shared<BlockPool>(options_.read_block_bytes, options_.spare_read_blocks_max)),
      producers_(std::make_shared<ProducerRegistry>(options_.producers_max)),
      queue_(options_.queue) {}

Error Store::fail(Error error) {
  const auto place = lock_->check_place();
  if (place.has_error() && place.error().context != error.context) error.context = place.error().context + "; " + error.context;
  queue_.fail(Error(Errc::storage_failed, error.message()));
  return error;
}

Result<CommitGroupPtr> Store::journal_one() {
  if (queue_.failed()) return CommitGroupPtr();  // whoever failed has said so
  CommitGroupPtr group = to_journal_ ? std::move(to_journal_) : queue_.take_for_journal();
  to_journal_ = nullptr;
  if (!group) return group;
  const auto started = clock_.steady();
  auto written = journal_->write(*group);
  group->journal_time = clock_.steady() - started;
  if (written.has_error()) {
    to_journal_ = std::move(group);
    if (written.error().code == Errc::journal_full) return std::move(written).error();
    return fail(std::move(written).error());
  }
  for (const StagedBatch& batch : group->batches) batch.log->mark_durable(batch.next_offset);
  queue_.done(*group);
  return group;
}

Result<CommitGroupPtr> Store::write_one() {
  const std::lock_guard lock(segments_mutex_);
  return write_group(queue_.take_for_segments());
}

Result<CommitGroupPtr> Store::write_small() {
  const std::unique_lock lock(segments_mutex_, std::try_to_lock);
  if (!lock || syncing_.load() > 0) return CommitGroupPtr();
  CommitGroupPtr group = queue_.take_small_for_segments(kSmallGroupBytesMax);
  if (!group) return group;
  const bool at_once = std::ranges::all_of(
      group->batches, [](const StagedBatch& batch) { return batch.log->writes_at_once(kSmallGroupBytesMax); });
  if (at_once) return write_group(std::move(group));
  queue_.put_back_for_segments(std::move(group));
  return CommitGroupPtr();
}

Result<CommitGroupPtr> Store::write_group(CommitGroupPtr group) {
  if (!group) return group;
  const auto batches = by_log(*group);
  std::vector<PlacedBatch> placed;
  for (std::size_t i = 0; i < batches.size();) {
    const std::shared_ptr<PartitionLog>& log = batches[i]->log;
    placed.clear();
    for (; i < batches.size() && batches[i]->log == log; ++i) {
      const StagedBatch& batch = *batches[i];
      placed.push_back({group->bytes_of(batch), batch.base_offset, batch.next_offset, batch.max_timestamp});
    }
    auto written = log->write(placed, group->journaled);
    if (written.has_error()) {
      queue_.put_back_for_segments(std::move(group));
      if (written.error().code != Errc::storage_full) return fail(std::move(written).error());
      // What is in the journal is acknowledged already: it waits here for room, and nothing more is accepted meanwhile.
      queue_.set_full(FullReason::segments, true);
      return std::move(written).error();
    }
  }
  queue_.set_full(FullReason::segments, false);
  if (group->journaled) {
    segments_sequence_.store(group->sequence);
  } else {
    unsynced_bytes_.fetch_add(group->end - group->begin);
  }
  queue_.done(*group);
  return group;
}

bool Store::wants_checkpoint() const {
  if (checkpoint_found_full_.load() || producers_->full()) return true;
  if (unsynced_bytes_.load() >= options_.unsynced_bytes_max) return true;
  // Half the journal may fill while the other half is being freed. When it can get no more files there are fewer halves.
  const std::size_t full = journal_->full_files();
  return full * 2 >= options_.journal.files_max || (full > 0 && journal_->free_files() == 0);
}

Result<void> Store::checkpoint() {
  forget_producers();
  const std::lock_guard lock(checkpoint_mutex_);
  const auto started = clock_.steady();
  {
    const Syncing syncing(syncing_);
    LEAT_TRY(save_points(false));
  }
  if (options_.on_checkpoint) options_.on_checkpoint(clock_.steady() - started);
  return ok();
}

void Store::forget_producers() {
  const auto logs = all_logs();
  for (const auto& log : logs) log->forget_producers_unused_since(trusted_wall_ms() - ProducerTable::kExpiryMs);
  const std::size_t kept_max = options_.producers_max - (options_.producers_max + kProducersHeadroom - 1) / kProducersHeadroom;
  if (producers_->remembered() <= kept_max) return;
  std::vector<TimestampMs> last_used;
  for (const auto& log : logs) log->collect_last_used(last_used);
  if (last_used.size() <= kept_max) return;
  const std::size_t too_many = last_used.size() - kept_max;
  const auto newest_forgotten = last_used.begin() + static_cast<std::ptrdiff_t>(too_many - 1);
  std::ranges::nth_element(last_used, newest_forgotten);
  const TimestampMs since_ms = *newest_forgotten;
  // Of those that were used at the same moment only as many as have to: it may be all there are.
  auto used_then =
      too_many - static_cast<std::size_t>(std::ranges::count_if(last_used, [=](TimestampMs at) { return at < since_ms; }));
  for (const auto& log : logs) used_then -= log->forget_producers_unused_since(since_ms, used_then);
}

Result<void> Store::save_points(bool clean) {
  Checkpoint checkpoint;
  checkpoint.clean = clean;
  const std::uint64_t covered = segments_sequence_.load();
  checkpoint.first_needed_sequence = covered + 1;
  unsynced_bytes_.store(0);
  if (queue_.failed()) return Error(Errc::storage_failed, "no checkpoint after a failed write");
  const auto logs = all_logs();
  for (std::size_t i = 0; i < logs.size(); ++i) {
    // The file system then commits what it knows of all of them with the first one that is synced.
    for (std::size_t ahead = i; i % kSyncedTogether == 0 && ahead < std::min(i + kSyncedTogether, logs.size()); ++ahead) {
      logs[ahead]->start_write_back();
    }
    if (!logs[i]->needs_sync()) {
      checkpoint.points.push_back(logs[i]->recovery_point());
      continue;
    }
    auto point = logs[i]->sync();
    if (point.has_error() && point.error().code == Errc::storage_full) return std::move(point).error();
    if (point.has_error()) return fail(std::move(point).error());
    checkpoint.points.push_back(std::move(point).value());
  }
  LEAT_TRY(write_checkpoint(checkpoint));
  if (journal_) journal_->recycle(covered);
  Result<void> all_removed = ok();  // one log's trouble must not keep the others' space
  for (std::size_t i = 0; i < logs.size(); ++i) {
    auto removed = logs[i]->remove_segments_before(checkpoint.points[i]);
    if (removed.has_error() && all_removed.has_value()) all_removed = std::move(removed);
  }
  return all_removed;
}

Result<void> Store::record_journal_files() {
  const std::lock_guard lock(checkpoint_mutex_);
  Checkpoint checkpoint;
  checkpoint.first_needed_sequence = first_needed_sequence_;
  for (const auto& log : all_logs()) checkpoint.points.push_back(log->recovery_point());
  return write_checkpoint(checkpoint);
}

Result<void> Store::write_checkpoint(Checkpoint& checkpoint) {
  if (queue_.failed()) return Error(Errc::storage_failed, "no checkpoint after a failed write");
  if (auto place = lock_->check_place(); place.has_error()) return fail(std::move(place).error());
  checkpoint.epoch = epoch_;
  if (journal_) checkpoint.journal = journal_->file_set();
  auto saved = save_checkpoint(fs_, checkpoint_path(), checkpoint);
  const bool full = saved.has_error() && saved.error().code == Errc::storage_full;
  checkpoint_found_full_.store(full);
  queue_.set_full(FullReason::checkpoint, full);
  if (saved.has_error()) return full ? std::move(saved).error() : fail(std::move(saved).error());
  first_needed_sequence_ = checkpoint.first_needed_sequence;
  if (journal_) journal_->note_recorded(checkpoint.journal);
  return ok();
}

void Store::close_unused_files() {
  const Syncing syncing(syncing_);
  open_files_->close_unused();
}

Result<void> Store::prepare_journal() {
  const Syncing syncing(syncing_);
  LEAT_ASSIGN(const Space space, fs_.space(options_.data_dir));
  if (space.free_bytes < options_.disk_reserve_bytes + options_.journal.file_bytes) return ok();
  auto added = journal_->add_spare();
  if (added.has_value()) return *added ? record_journal_files() : ok();
  if (added.error().code != Errc::storage_full) return fail(std::move(added).error());
  return std::move(added).error();
}

Result<void> Store::enforce_retention() {
  bool moved = false;
  std::optional<Error> first_error;
  const TimestampMs now = trusted_wall_ms();
  for (const auto& log : all_logs()) {
    const auto start = log->retention_start(now);
    const auto advanced = start.has_value() ? log->advance_log_start(*start) : Result<bool>(start.error());
    if (advanced.has_value()) {
      moved = moved || *advanced;
    } else if (advanced.error().code != Errc::unknown_topic && !first_error) {
      first_error = advanced.error();  // one log's trouble must not keep the others' space
    }
  }
  if (moved) LEAT_TRY(checkpoint());
  if (!first_error) return ok();
  if (first_error->code != Errc::storage_full) return fail(std::move(*first_error));
  return std::move(*first_error);
}

TimestampMs Store::trusted_wall_ms() const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const TimestampMs elapsed_ms = duration_cast<milliseconds>(clock_.steady() - opened_steady_).count();
  return std::min(clock_.wall_ms(), opened_wall_ms_ + elapsed_ms + kClockSlackMs);
}

Result<Offset> Store::delete_records(PartitionLog& log, Offset before) {
  LEAT_TRY(log.advance_log_start(before));
  // It may have moved there before, in memory only: a checkpoint can fail.
  if (log.saved_log_start() < log.log_start()) LEAT_TRY(checkpoint());
  return log.log_start();
}

Result<Space> Store::check_space() {
  LEAT_ASSIGN(const Space space, this->space());
  queue_.set_full(FullReason::reserve, space.free_bytes < options_.disk_reserve_bytes);
  return space;
}

Result<void> Store::close() {
  queue_.stop();
  while (true) {
    auto journaled = journal_one();
    const bool full = journaled.has_error() && journaled.error().code == Errc::journal_full;
    if (journaled.has_error() && !full) return std::move(journaled).error();
    LEAT_ASSIGN(const auto written, write_one());
    if (written) continue;
    if (full) {
      LEAT_TRY(checkpoint());
      // All that was journaled is in the segments, so there is a free file; without one this would never end.
      if (journal_->free_files() == 0) return std::move(journaled).error();
    } else if (!*journaled) {
      break;
    }
  }
  const std::lock_guard lock(checkpoint_mutex_);
  return save_points(true);
}

std::vector<std::shared_ptr<PartitionLog>> Store::all_logs() const {
  const std::lock_guard lock(topics_mutex_);
  std::vector<std::shared_ptr<PartitionLog>> logs;
  logs.reserve(logs_.size());
  for (const auto& [id, log] : logs_) logs.push_back(log);
  return logs;
}

}  // namespace leat::storage
