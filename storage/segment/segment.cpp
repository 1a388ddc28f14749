#include "storage/segment/segment.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/base/assert.hpp"
#include "protocol/record/format.hpp"
#include "storage/segment/segment_scanner.hpp"

namespace leat::storage {
namespace {

constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kIndexSuffix = ".index";
constexpr std::size_t kOffsetDigits = 20;

/// So many ranges of a segment may be under way: what waits for a slow peer may leave the page cache, and is then read by whoever
/// sends it.
constexpr long kRangesMax = 32;

std::string name_with(Offset base_offset, std::string_view suffix) {
  std::string digits = std::to_string(base_offset.value());
  digits.insert(0, kOffsetDigits - digits.size(), '0');
  return digits.append(suffix);
}

/// What a walk over the batches in a buffer found.
struct Walk {
  std::size_t begin = 0;         ///< of the first batch wanted
  std::size_t end = 0;           ///< behind the last whole batch wanted; begin when none is whole
  Offset next_offset;            ///< behind it
  std::size_t bytes_wanted = 0;  ///< of the batch at `begin`, when it is not whole
  bool limited = false;          ///< the batch at `end` goes beyond the limit
  std::string damage;            ///< of the batch at `end`, when there is any
};

std::string offset_text(Offset offset) { return "offset " + std::to_string(offset.value()); }

Error damaged(const Path& path, std::uint64_t position, const std::string& what) {
  return Error(Errc::corruption, path.string() + " at byte " + std::to_string(position) + ": " + what);
}

/// Chooses the batches from the one that contains `from`. `bytes` begins with a batch and may end within one; the segment ends
/// at `end`.
Walk walk(ByteSpan bytes, Offset from, Offset limit, Offset end, std::size_t bytes_max) {
  Walk walk;
  walk.next_offset = from;
  while (bytes.size() - walk.end >= record::kBatchHeaderBytes) {
    const auto header = record::parse_batch_header(bytes.subspan(walk.end));
    if (header.has_error()) {
      walk.damage = header.error().message();
      break;
    }
    const bool wanted = header->next_offset() > from;
    const bool first = walk.end == walk.begin;
    if (wanted) {
      // Offsets are dense, and no checksum covers them.
      if (first ? header->base_offset > from : header->base_offset != walk.next_offset) {
        walk.damage = offset_text(header->base_offset) + " where " + offset_text(walk.next_offset) + " should be";
        break;
      }
      if (!first && walk.end + header->batch_bytes - walk.begin > bytes_max) break;
      if (header->next_offset() > end) {
        walk.damage = "a batch to " + offset_text(header->next_offset()) + ", the segment ends at " + offset_text(end);
        break;
      }
      if (header->next_offset() > limit) {
        walk.limited = true;
        break;
      }
    }
    if (bytes.size() - walk.end < header->batch_bytes) {
      walk.bytes_wanted = header->batch_bytes;
      break;
    }
    walk.end += header->batch_bytes;
    if (wanted) {
      walk.next_offset = header->next_offset();
    } else {
      walk.begin = walk.end;
    }
  }
  return walk;
}

/// Of the batch there, unless that would wait for the disk.
std::optional<record::BatchHeader> cached_header(PooledFile& pooled, std::uint64_t position) {
  const auto file = pooled.open(ReadMode::cached_only);
  if (file.has_error()) return std::nullopt;
  std::array<std::byte, record::kBatchHeaderBytes> bytes{};
  const auto got = (*file)->read_at(FilePosition(position), bytes, ReadMode::cached_only);
  if (got.has_error() || *got < bytes.size()) return std::nullopt;
  const auto header = record::parse_batch_header(bytes);
  return header.has_value() ? std::optional(*header) : std::nullopt;
}

}  // namespace

std::string segment_file_name(Offset base_offset) { return name_with(base_offset, kLogSuffix); }
std::string index_file_name(Offset base_offset) { return name_with(base_offset, kIndexSuffix); }

std::optional<Offset> parse_segment_file_name(std::string_view name) {
  if (name.size() != kOffsetDigits + kLogSuffix.size() || !name.ends_with(kLogSuffix)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kOffsetDigits, value);
  if (error != std::errc() || end != name.data() + kOffsetDigits || value < 0) return std::nullopt;
  return Offset(value);
}

Result<void> remove_segment_files(FileSystem& fs, const Path& directory, Offset base_offset) {
  for (const std::string& name : {index_file_name(base_offset), segment_file_name(base_offset)}) {
    LEAT_ASSIGN(const bool there, fs.exists(directory / name));
    if (there) LEAT_TRY(fs.remove_file(directory / name));
  }
  return ok();
}

Segment::Segment(std::shared_ptr<OpenFiles> files, std::shared_ptr<BlockPool> read_blocks, const Path& directory,
                 Offset base_offset, const SegmentEnd& end)
    : read_blocks_(std::move(read_blocks)),
      base_offset_(base_offset),
      file_(files, directory / segment_file_name(base_offset)),
      index_(std::move(files), directory / index_file_name(base_offset), base_offset),
      end_(end) {}

SegmentEnd Segment::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void Segment::set_end(const SegmentEnd& end) {
  const std::lock_guard lock(mutex_);
  LEAT_ASSERT(end.position >= end_.position && end.next_offset >= end_.next_offset);
  end_ = end;
}

Result<void> Segment::check_reaches(File& file, std::uint64_t position) const {
  LEAT_ASSIGN(const std::uint64_t bytes, file.size());
  if (bytes >= position) return ok();
  return Error(Errc::io_error, log_path().native() + " has " + std::to_string(bytes) + " bytes, " + std::to_string(position) +
                                   " were written: somebody else has cut it");
}

Result<void> Segment::sync() {
  const std::uint64_t written = end().position;
  // Before it is opened: a file that was closed has been synced then, and doing it again would not tell how that went.
  auto synced = file_.sync_written();
  if (synced.has_error()) return Error(Errc::io_error, std::move(synced).error().context);
  LEAT_ASSIGN(const FileLease file, file_.open());
  return check_reaches(*file, written);
}

bool Segment::rebuild_index() {
  if (rebuild_tried_.exchange(true)) return false;
  const SegmentEnd end = this->end();
  std::vector<IndexEntry> entries;
  IndexSpacing spacing(base_offset_, 0);
  TimestampMs max_timestamp = kNoTimestamp;
  const auto scan = [&]() -> Result<Scanned> {
    LEAT_ASSIGN(const FileLease file, file_.open());
    return scan_segment(*file, {0, base_offset_, kNoTimestamp}, {},
                        [&](const record::BatchHeader& header, std::uint64_t position) {
                          if (const auto entry = spacing.entry_at(header.base_offset, position, max_timestamp)) {
                            entries.push_back(*entry);
                          }
                          max_timestamp = std::max(max_timestamp, header.max_timestamp);
                        });
  };
  const auto scanned = scan();
  if (scanned.has_error() || scanned->end.position != end.position) return false;
  entries.push_back(spacing.end_at(end.next_offset, end.position, max_timestamp));
  if (index_.replace(entries).has_error()) return false;
  rebuild_tried_ = false;
  return true;
}

template <class LookUp>
Result<IndexEntry> Segment::in_sound_index(ReadMode mode, LookUp look_up) {
  LEAT_ASSIGN(const SegmentIndex::Found found, look_up());
  // The active segment's index is checked and mended whenever it is opened, and written to until then.
  if (!found.damaged || !sealed_ || rebuild_tried_) return found.entry;
  if (mode == ReadMode::cached_only) return Error(Errc::would_block);
  if (!rebuild_index()) return found.entry;
  LEAT_ASSIGN(const SegmentIndex::Found again, look_up());
  return again.entry;
}

Result<std::uint64_t> Segment::start_position(Offset from, ReadMode mode, const ReadHint& hint) {
  if (hint.segment_base == base_offset_ && hint.offset == from) return hint.position;
  if (from == base_offset_) return std::uint64_t{0};
  LEAT_ASSIGN(const IndexEntry entry, in_sound_index(mode, [&] { return index_.at_or_before(from, mode); }));
  return std::uint64_t{entry.position};
}

Result<ReadBatches> Segment::read(Offset from, Offset limit, std::size_t bytes_max, ReadMode mode, ReadHint& hint) {
  const SegmentEnd end = this->end();
  LEAT_ASSERT(from >= base_offset_ && from < end.next_offset && from < limit);
  LEAT_ASSIGN(std::uint64_t position, start_position(from, mode, hint));
  LEAT_ASSIGN(const FileLease log_file, file_.open(mode));
  std::size_t wanted = std::min(bytes_max, read_blocks_->block_bytes());
  while (position < end.position) {
    wanted = std::max<std::size_t>(wanted, record::kBatchHeaderBytes);
    auto block = read_blocks_->take(wanted);
    const std::size_t room =
        std::min<std::uint64_t>(std::min(std::max(wanted, std::size_t{4096}), block->size()), end.position - position);
    LEAT_ASSIGN(const std::size_t got, log_file->read_at(FilePosition(position), block->bytes().first(room), mode));
    if (got < room) return damaged(log_path(), position + got, "file ends before the segment does");
    const Walk walked = walk(ByteSpan(block->bytes()).first(got), from, limit, end.next_offset, bytes_max);
    if (walked.end > walked.begin) {
      const bool goes_on = hint.segment_base == base_offset_ && hint.offset == from;
      hint = {base_offset_, walked.next_offset, position + walked.end, goes_on ? hint.next_entry : std::nullopt};
      ReadBatches batches;
      batches.bytes = walked.end - walked.begin;
      batches.next_offset = walked.next_offset;
      batches.is_lent = batches.bytes < block->size() / 2;
      const ByteSpan found = ByteSpan(block->bytes()).subspan(walked.begin, batches.bytes);
      batches.chunks.emplace_back(std::move(block), found);
      return batches;
    }
    if (walked.limited) return ReadBatches{{}, {}, 0, from};
    position += walked.begin;
    if (!walked.damage.empty()) return damaged(log_path(), position, walked.damage);
    if (walked.begin == 0 && walked.bytes_wanted == 0) return damaged(log_path(), position, "no batch where one should be");
    if (walked.bytes_wanted > end.position - position) return damaged(log_path(), position, "batch longer than the segment");
    wanted = std::max(wanted, walked.bytes_wanted);
  }
  return damaged(log_path(), position, offset_text(from) + " not found");
}

std::optional<ReadBatches> Segment::locate(Offset from, Offset limit, std::size_t bytes_max, ReadHint& hint) {
  if (hint.segment_base != base_offset_ || hint.offset != from) return std::nullopt;
  const SegmentEnd end = this->end();
  if (!hint.next_entry) {
    const auto here = index_.at_or_before(from, ReadMode::cached_only);
    if (here.has_error() || here->damaged) return std::nullopt;
    hint.next_entry = here->next;
  }
  const auto found = index_.step(*hint.next_entry, hint.position, bytes_max, std::min(limit, end.next_offset));
  hint.next_entry.reset();
  if (!found || !is_boundary(found->entry, end)) return std::nullopt;
  FileRange range{file_.share(), hint.position, found->entry.position - hint.position};
  if (range.bytes > bytes_max) {
    // A batch is given whatever its size, as by read().
    const auto header = cached_header(file_, range.position);
    if (!header || header->batch_bytes != range.bytes) return std::nullopt;
  }
  if (!range.file || range.file.use_count() > kRangesMax || !is_cached(range)) return std::nullopt;
  ReadBatches batches;
  batches.bytes = range.bytes;
  batches.next_offset = base_offset_ + found->entry.relative_offset;
  batches.in_file = std::move(range);
  hint = {base_offset_, batches.next_offset, found->entry.position, found->next};
  return batches;
}

bool Segment::is_boundary(const IndexEntry& entry, const SegmentEnd& end) {
  const Offset offset = base_offset_ + entry.relative_offset;
  if (entry.position >= end.position) return entry.position == end.position && offset == end.next_offset;
  const auto header = cached_header(file_, entry.position);
  return header && header->base_offset == offset;
}

Result<Offset> Segment::offset_before_time(TimestampMs timestamp) {
  LEAT_ASSIGN(const IndexEntry entry, in_sound_index(ReadMode::blocking, [&] { return index_.before_time(timestamp); }));
  return base_offset_ + entry.relative_offset;
}

}  // namespace leat::storage
