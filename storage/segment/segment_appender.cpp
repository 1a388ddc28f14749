#include "storage/segment/segment_appender.hpp"

#include <algorithm>

#include "protocol/base/assert.hpp"

namespace leat::storage {
namespace {

constexpr std::size_t kUnflushedEntriesMax = 256;
constexpr std::uint64_t kSegmentBytesLimit = 1ULL << 31;
constexpr std::int64_t kSegmentOffsetsLimit = 1LL << 31;

/// A crash may have left either file; nothing in them was ever counted.
Result<void> empty(FileSystem& fs, File& log, Segment& segment) {
  LEAT_ASSIGN(const std::uint64_t bytes, log.size());
  if (bytes > 0) LEAT_TRY(log.truncate(0));
  LEAT_ASSIGN(const bool indexed, fs.exists(segment.index_path()));
  if (indexed) LEAT_TRY(fs.remove_file(segment.index_path()));
  LEAT_TRY(segment.index().load(0));  // now, so that whoever looks something up without waiting knows that it is empty
  return ok();
}

}  // namespace

Result<SegmentAppender> SegmentAppender::create(std::shared_ptr<OpenFiles> files, std::shared_ptr<BlockPool> read_blocks,
                                                const Path& directory, Offset base_offset) {
  FileSystem& fs = files->fs();
  auto segment = std::make_shared<Segment>(std::move(files), std::move(read_blocks), directory, base_offset,
                                           SegmentEnd{0, base_offset, kNoTimestamp});
  LEAT_ASSIGN(const FileLease file, segment->file().open(OpenOptions::Existence::either));
  auto emptied = empty(fs, *file, *segment);
  if (emptied.has_error()) {
    // The next attempt may be at another offset, and then a segment that begins here would overlap the one before it.
    LEAT_TRY(fs.remove_file(segment->log_path()));
    return std::move(emptied).error();
  }
  return SegmentAppender(segment, IndexSpacing(base_offset, 0));
}

bool SegmentAppender::has_room_for(std::uint64_t bytes, Offset next_offset, std::uint64_t segment_bytes_max) const {
  const SegmentEnd end = segment_->end();
  return end.position + bytes <= std::min(segment_bytes_max, kSegmentBytesLimit) &&
         next_offset - segment_->base_offset() < kSegmentOffsetsLimit;
}

bool SegmentAppender::appends_at_once() const {
  return unflushed_entries_ + 1 < kUnflushedEntriesMax && segment_->file().is_open();
}

Result<void> SegmentAppender::append(std::span<const PlacedBatch> batches) {
  SegmentEnd end = segment_->end();
  const std::uint64_t position = end.position;
  IndexSpacing spacing = spacing_;
  std::vector<IndexEntry> entries;
  pieces_.clear();
  for (const PlacedBatch& batch : batches) {
    LEAT_ASSERT(batch.base_offset == end.next_offset);
    if (const auto entry = spacing.entry_at(batch.base_offset, end.position, end.max_timestamp)) entries.push_back(*entry);
    pieces_.push_back(batch.bytes);
    end.position += batch.bytes.size();
    end.next_offset = batch.next_offset;
    end.max_timestamp = std::max(end.max_timestamp, batch.max_timestamp);
  }
  LEAT_TRY(write(position));
  spacing_ = spacing;
  for (const IndexEntry& entry : entries) segment_->index().add(entry);
  segment_->set_end(end);
  unflushed_entries_ += entries.size();
  if (unflushed_entries_ >= kUnflushedEntriesMax && segment_->index().flush().has_value()) unflushed_entries_ = 0;
  return ok();  // Entries that could not be flushed stay in memory and are tried again.
}

Result<void> SegmentAppender::write(std::uint64_t position) {
  LEAT_ASSIGN(const FileLease file, segment_->file().open());
  // Appending behind a cut would leave a hole that looks like what was there.
  LEAT_TRY(segment_->check_reaches(*file, position));
  auto written = file->write_at(FilePosition(position), pieces_);
  // Whole batches among what was written would be found behind the segment's end when it is next opened.
  if (written.has_error()) LEAT_TRY(file->truncate(position));
  return written;
}

Result<void> SegmentAppender::seal() && {
  const SegmentEnd end = segment_->end();
  segment_->index().add(spacing_.end_at(end.next_offset, end.position, end.max_timestamp));
  segment_->set_sealed();
  return segment_->index().flush();
}

}  // namespace leat::storage
