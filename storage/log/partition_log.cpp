#include "storage/log/partition_log.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "protocol/base/assert.hpp"
#include "protocol/record/batch_iterator.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::storage {
namespace {

constexpr std::size_t kChunksPerReadMax = 256;
constexpr std::size_t kFindTimeReadBytes = 256U << 10;

/// The first record of a batch that is not older, among the offsets asked for.
std::optional<PartitionLog::TimeMatch> first_not_before(TimestampMs timestamp, ByteSpan batch, Offset from, Offset limit) {
  const auto header = record::parse_batch_header(batch);
  if (header.has_error() || header->max_timestamp < timestamp) return std::nullopt;
  const PartitionLog::TimeMatch as_a_whole{std::max(header->base_offset, from), header->max_timestamp};
  auto reader = record::BatchReader::open(batch, record::DecompressLimits{});
  if (reader.has_error()) return as_a_whole;
  while (true) {
    const auto record = reader->next();
    if (record.has_error()) return as_a_whole;
    if (!*record) return std::nullopt;
    const bool asked_for = (*record)->offset >= from && (*record)->offset < limit;
    if (asked_for && (*record)->timestamp >= timestamp) return PartitionLog::TimeMatch{(*record)->offset, (*record)->timestamp};
  }
}

Error deleted() { return Error(Errc::unknown_topic, "deleted"); }

}  // namespace

Result<std::shared_ptr<PartitionLog>> PartitionLog::open(const LogEnvironment& environment, Path directory,
                                                         const RecoveryPoint& point, const TopicConfig& config,
                                                         bool after_crash) {
  LEAT_ASSIGN(auto recovered, recover_log(environment.files, environment.read_blocks, environment.producers, directory, point,
                                          environment.clock.wall_ms(), after_crash));
  return std::shared_ptr<PartitionLog>(new PartitionLog(environment, std::move(directory), point, std::move(recovered), config));
}

PartitionLog::PartitionLog(const LogEnvironment& environment, Path directory, const RecoveryPoint& point, RecoveredLog recovered,
                           const TopicConfig& config)
    : environment_(environment),
      id_(point.log),
      directory_(std::move(directory)),
      batch_bytes_max_(static_cast<std::size_t>(config.batch_bytes_max)),
      appender_(std::move(recovered.appender)),
      config_(config),
      journaled_(config.durability == Durability::durable),
      log_start_(recovered.log_start),
      next_offset_(recovered.next_offset),
      segments_(std::move(recovered.segments)),
      producers_(std::move(recovered.producers)),
      recovery_point_(point),
      saved_log_start_(point.log_start),
      written_(next_offset_.value()),
      durable_(next_offset_.value()),
      high_watermark_(next_offset_.value()) {
  for (const auto& segment : segments_) {
    if (segment->base_offset() >= point.segment_base) unsynced_.push_back(segment);
  }
  written_segment_base_ = segments_.back()->base_offset();
  written_position_ = segments_.back()->end().position;
}

Result<void> PartitionLog::replay(const record::BatchHeader& header, ByteSpan batch) {
  if (header.next_offset() <= next_offset_) return ok();
  if (header.base_offset != next_offset_) {
    return Error(Errc::corruption, directory_.string() + ": journal goes on at offset " +
                                       std::to_string(header.base_offset.value()) + ", the segments end at " +
                                       std::to_string(next_offset_.value()));
  }
  if (header.producer_id.value() >= 0) producers_.record(header, header.base_offset, environment_.clock.wall_ms());
  next_offset_ = header.next_offset();
  const PlacedBatch placed{batch, header.base_offset, header.next_offset(), header.max_timestamp};
  LEAT_TRY(write({&placed, 1}, true));
  mark_durable(next_offset_);
  return ok();
}

void PartitionLog::advance(std::atomic<std::int64_t>& mark, Offset to) {
  std::int64_t now = mark.load(std::memory_order_relaxed);
  while (now < to.value() && !mark.compare_exchange_weak(now, to.value(), std::memory_order_acq_rel)) {
  }
}

Result<void> PartitionLog::settle_lane() {
  const bool wanted = config_.durability == Durability::durable;
  if (wanted == journaled_) return ok();
  // Towards the journal everything before must be in synced segments, or recovery would find the journal's batches behind a hole;
  // away from it the two writers must not have batches of this log in both lanes.
  const bool settled =
      wanted ? recovery_point_.offset == next_offset_ : durable_end() == next_offset_ && written_end() == next_offset_;
  if (!settled) return Error(Errc::would_block);
  journaled_ = wanted;
  // All of it is in the segments, and the lane that is left keeps its last block for as long as nobody else fills it.
  tail_.clear();
  return ok();
}

Result<PartitionLog::Appended> PartitionLog::append(const record::BatchHeader& header, ByteSpan batch) {
  const std::lock_guard lock(mutex_);
  if (closed_) return deleted();
  if (header.producer_id.value() >= 0) {
    LEAT_ASSIGN(const auto original, producers_.check(header));
    if (original) return Appended{*original, *original + (header.last_offset_delta + 1), true, journaled_};
  }
  LEAT_TRY(settle_lane());
  LEAT_ASSIGN(const auto staged, environment_.queue.stage(shared_from_this(), id_, header, batch, next_offset_, journaled_));
  const Offset base = next_offset_;
  next_offset_ += header.last_offset_delta + 1;
  if (header.producer_id.value() >= 0) producers_.record(header, base, environment_.clock.wall_ms());
  forget_recycled_tail();
  tail_.push_back({base, next_offset_, staged.block, staged.position, batch.size()});
  return Appended{base, next_offset_, false, journaled_};
}

/// The queue has put the memory to another use.
void PartitionLog::forget_recycled_tail() {
  while (!tail_.empty() && tail_.front().block.expired()) tail_.pop_front();
}

std::optional<ReadBatches> PartitionLog::read_tail(Offset from, Offset limit, std::size_t bytes_max) {
  auto entry = std::ranges::upper_bound(tail_, from, {}, &TailEntry::next_offset);
  if (entry == tail_.end() || entry->base_offset > from) return std::nullopt;
  ReadBatches batches;
  batches.next_offset = from;
  if (entry->next_offset > limit) return batches;
  for (; entry != tail_.end() && entry->next_offset <= limit && batches.chunks.size() < kChunksPerReadMax; ++entry) {
    if (!batches.chunks.empty() && batches.bytes + entry->bytes > bytes_max) break;
    auto block = entry->block.lock();
    if (!block) break;
    const ByteSpan bytes = std::as_const(*block).bytes().subspan(entry->position, entry->bytes);
    batches.chunks.emplace_back(std::move(block), bytes);
    batches.bytes += bytes.size();
    batches.next_offset = entry->next_offset;
  }
  if (batches.chunks.empty()) return std::nullopt;
  return batches;
}

std::shared_ptr<Segment> PartitionLog::segment_for(Offset offset) const {
  const auto after = std::ranges::upper_bound(segments_, offset, {}, [](const auto& segment) { return segment->base_offset(); });
  return after == segments_.begin() ? nullptr : *std::prev(after);
}

Result<ReadBatches> PartitionLog::read(Offset from, Offset limit, std::size_t bytes_max, ReadMode mode, ReadHint& hint) {
  std::shared_ptr<Segment> segment;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return deleted();
    if (from < log_start_ || from > limit) {
      return Error(Errc::offset_out_of_range, "offset " + std::to_string(from.value()) + ", available are " +
                                                  std::to_string(log_start_.value()) + " to " + std::to_string(limit.value()));
    }
    if (from == limit) return ReadBatches{{}, {}, 0, from};
    if (auto batches = read_tail(from, limit, bytes_max)) return std::move(*batches);
    segment = segment_for(from);
  }
  const Offset end = segment ? segment->end().next_offset : Offset(0);
  // Only what a failed writer left behind can be in neither place.
  if (from >= end)
    return Error(Errc::storage_failed, directory_.string() + ": offset " + std::to_string(from.value()) + " was not written");
  auto batches = segment->read(from, std::min(limit, end), bytes_max, mode, hint);
  if (batches.has_error()) {
    const std::lock_guard lock(mutex_);
    if (closed_) return deleted();
    if (from < log_start_) return Error(Errc::offset_out_of_range, "deleted while it was read");
  }
  return batches;
}

std::optional<ReadBatches> PartitionLog::locate(Offset from, Offset limit, std::size_t bytes_max, ReadHint& hint) {
  std::shared_ptr<Segment> segment;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || from < log_start_ || from >= limit) return std::nullopt;
    forget_recycled_tail();
    if (!tail_.empty() && from >= tail_.front().base_offset) return std::nullopt;
    segment = segment_for(from);
  }
  return segment ? segment->locate(from, limit, bytes_max, hint) : std::nullopt;
}

Result<std::optional<PartitionLog::TimeMatch>> PartitionLog::find_time(TimestampMs timestamp, Offset limit) {
  std::vector<std::shared_ptr<Segment>> candidates;
  Offset start;
  Offset unwritten;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return deleted();
    std::ranges::copy_if(segments_, std::back_inserter(candidates),
                         [&](const auto& segment) { return segment->end().max_timestamp >= timestamp; });
    start = log_start_;
    unwritten = segments_.back()->end().next_offset;
  }
  for (const auto& segment : candidates) {
    const Offset end = std::min(limit, segment->end().next_offset);
    if (start >= end) continue;
    LEAT_ASSIGN(const Offset indexed, segment->offset_before_time(timestamp));
    LEAT_ASSIGN(auto match, find_time_between(timestamp, std::max(start, indexed), end));
    if (match) return match;
  }
  return find_time_between(timestamp, std::max(start, unwritten), limit);
}

Result<std::optional<PartitionLog::TimeMatch>> PartitionLog::find_time_between(TimestampMs timestamp, Offset from, Offset limit) {
  ReadHint hint;
  while (from < limit) {
    LEAT_ASSIGN(const ReadBatches batches, read(from, limit, kFindTimeReadBytes, ReadMode::blocking, hint));
    for (const SharedBytes& chunk : batches.chunks) {
      record::BatchIterator iterator(chunk.span());
      while (true) {
        LEAT_ASSIGN(const auto batch, iterator.next());
        if (!batch) break;
        if (const auto match = first_not_before(timestamp, *batch, from, limit)) return match;
      }
    }
    if (batches.chunks.empty()) break;
    from = batches.next_offset;
  }
  return std::optional<TimeMatch>();
}

Result<void> PartitionLog::write(std::span<const PlacedBatch> batches, bool journaled) {
  const std::lock_guard lock(write_mutex_);
  if (closed_for_writing_) return ok();
  // A write that found the disk full is tried again as a whole.
  while (!batches.empty() && batches.front().next_offset <= written_end()) batches = batches.subspan(1);
  const auto segment_bytes_max = [this] {
    const std::lock_guard state(mutex_);
    return static_cast<std::uint64_t>(config_.segment_bytes);
  }();
  while (!batches.empty()) {
    std::size_t run = 0;
    std::uint64_t run_bytes = 0;
    while (run < batches.size() &&
           appender_->has_room_for(run_bytes + batches[run].bytes.size(), batches[run].next_offset, segment_bytes_max)) {
      run_bytes += batches[run].bytes.size();
      ++run;
    }
    if (run == 0) {
      if (appender_->segment()->end().position > 0) LEAT_TRY(roll());
      run = 1;
    }
    LEAT_TRY(append_run(batches.first(run)));
    if (!journaled) advance(high_watermark_, batches[run - 1].next_offset);
    batches = batches.subspan(run);
  }
  return ok();
}

bool PartitionLog::writes_at_once(std::size_t bytes) {
  const std::unique_lock lock(write_mutex_, std::try_to_lock);
  if (!lock || closed_for_writing_ || !appender_->appends_at_once()) return false;
  const std::lock_guard state(mutex_);
  return appender_->has_room_for(bytes, next_offset_, static_cast<std::uint64_t>(config_.segment_bytes));
}

Result<void> PartitionLog::append_run(std::span<const PlacedBatch> batches) {
  const auto& segment = appender_->segment();
  segment->set_appended_ms(environment_.clock.wall_ms());  // before retention can see the batches
  LEAT_TRY(appender_->append(batches));
  const std::lock_guard lock(mutex_);
  if (unsynced_.empty() || unsynced_.back() != segment) unsynced_.push_back(segment);
  written_segment_base_ = segment->base_offset();
  written_position_ = segment->end().position;
  advance(written_, batches.back().next_offset);
  return ok();
}

Result<void> PartitionLog::roll() {
  LEAT_ASSIGN(auto next, SegmentAppender::create(environment_.files, environment_.read_blocks, directory_, written_end()));
  // An index that could not be finished is rebuilt when the log is next opened; until then its entries are in memory.
  (void)std::move(*appender_).seal();
  appender_ = std::move(next);
  const std::lock_guard lock(mutex_);
  // The next sync covers the sealed segment's index.
  if (unsynced_.empty() || unsynced_.back() != segments_.back()) unsynced_.push_back(segments_.back());
  segments_.push_back(appender_->segment());
  directory_unsynced_ = true;
  written_segment_base_ = appender_->segment()->base_offset();
  written_position_ = 0;
  return ok();
}

void PartitionLog::mark_durable(Offset end) {
  advance(durable_, end);
  advance(high_watermark_, end);
}

std::size_t PartitionLog::tail_batches() const {
  const std::lock_guard lock(mutex_);
  return tail_.size();
}

Offset PartitionLog::log_start() const {
  const std::lock_guard lock(mutex_);
  return log_start_;
}

Offset PartitionLog::next_offset() const {
  const std::lock_guard lock(mutex_);
  return next_offset_;
}

std::uint64_t PartitionLog::size_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->end().position;
  return bytes;
}

}  // namespace leat::storage
