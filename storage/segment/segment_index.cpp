#include "storage/segment/segment_index.hpp"

#include <array>
#include <cstring>
#include <limits>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kIndexMagic = 0x315844495441454cULL;  // "LEATIDX1"
constexpr std::size_t kCrcAt = 20;
static_assert(kCrcAt + 4 == kIndexEntryBytes);

/// Some more than a delivery passes over.
constexpr std::size_t kStepEntriesMax = 8;

using EntryBytes = std::array<std::byte, kIndexEntryBytes>;

std::uint32_t checksum(const std::byte* entry) { return crc32c(ByteSpan(entry, kCrcAt)); }

/// The file's first entry-sized piece says what it is and which segment it belongs to.
void encode_header(Offset base_offset, std::byte* to) {
  std::memset(to, 0, kIndexEntryBytes);
  store_le(to, kIndexMagic);
  store_le(to + 8, base_offset.value());
  store_le(to + kCrcAt, checksum(to));
}

FilePosition position_of(std::uint64_t entry) { return FilePosition((entry + 1) * kIndexEntryBytes); }

constexpr IndexEntry kStart{0, 0, kNoTimestamp};
constexpr IndexEntry kBeyond{std::numeric_limits<std::uint32_t>::max(), std::numeric_limits<std::uint32_t>::max(),
                             std::numeric_limits<TimestampMs>::max()};

/// Whether an entry may stand between two others of a sound index.
bool ascends(const IndexEntry& below, const IndexEntry& entry, const IndexEntry& above) {
  return below.position < entry.position && entry.position < above.position && below.relative_offset < entry.relative_offset &&
         entry.relative_offset < above.relative_offset && below.max_timestamp <= entry.max_timestamp &&
         entry.max_timestamp <= above.max_timestamp;
}

}  // namespace

void encode_index_entry(const IndexEntry& entry, std::byte* to) {
  store_le(to, entry.relative_offset);
  store_le(to + 4, entry.position);
  store_le(to + 8, entry.max_timestamp);
  store_le(to + 16, std::uint32_t{0});
  store_le(to + kCrcAt, checksum(to));
}

Result<IndexEntry> decode_index_entry(ByteSpan from) {
  if (from.size() < kIndexEntryBytes || load_le<std::uint32_t>(from.data() + kCrcAt) != checksum(from.data())) {
    return Error(Errc::corruption, "index entry checksum");
  }
  return IndexEntry{load_le<std::uint32_t>(from.data()), load_le<std::uint32_t>(from.data() + 4),
                    load_le<TimestampMs>(from.data() + 8)};
}

namespace {

std::vector<std::byte> encode(std::span<const IndexEntry> entries) {
  std::vector<std::byte> bytes(entries.size() * kIndexEntryBytes);
  for (std::size_t i = 0; i < entries.size(); ++i) encode_index_entry(entries[i], bytes.data() + i * kIndexEntryBytes);
  return bytes;
}

}  // namespace

std::optional<IndexEntry> IndexSpacing::entry_at(Offset offset, std::uint64_t position, TimestampMs max_timestamp) {
  if (position - last_position_ < kIndexIntervalBytes) return std::nullopt;
  last_position_ = position;
  return end_at(offset, position, max_timestamp);
}

IndexEntry IndexSpacing::end_at(Offset offset, std::uint64_t position, TimestampMs max_timestamp) const {
  return {static_cast<std::uint32_t>(offset - base_offset_), static_cast<std::uint32_t>(position), max_timestamp};
}

Result<void> SegmentIndex::count() {
  {
    const std::lock_guard lock(mutex_);
    if (counted_) return ok();
  }
  std::uint64_t entries = 0;
  LEAT_ASSIGN(there_, fs_.exists(path()));
  if (there_) {
    LEAT_ASSIGN(const FileLease file, file_.open());
    LEAT_ASSIGN(const std::uint64_t bytes, file->size());
    EntryBytes expected;
    EntryBytes header;
    encode_header(base_offset_, expected.data());
    LEAT_ASSIGN(const std::size_t got, file->read_at(FilePosition(0), header));
    has_header_ = got == header.size() && header == expected;
    if (has_header_) entries = bytes / kIndexEntryBytes - 1;
  }
  const std::lock_guard lock(mutex_);
  flushed_entries_ = entries;
  counted_ = true;
  return ok();
}

Result<FileLease> SegmentIndex::open_for_writing() {
  LEAT_TRY(count());
  LEAT_ASSIGN(FileLease file, file_.open(OpenOptions::Existence::either));
  there_ = true;
  if (!has_header_) {
    LEAT_ASSIGN(const std::uint64_t bytes, file->size());
    EntryBytes header;
    encode_header(base_offset_, header.data());
    LEAT_TRY(file->truncate(0));
    LEAT_TRY(file->write_at(FilePosition(0), std::array{ByteSpan(header)}));
    if (bytes > 0) LEAT_TRY(file->sync());  // as in load()
    has_header_ = true;
  }
  return file;
}

Result<std::optional<IndexEntry>> SegmentIndex::load(std::uint64_t end_position) {
  const std::lock_guard io(io_mutex_);
  LEAT_TRY(count());
  std::optional<IndexEntry> last;
  std::uint64_t sound = 0;
  if (there_) {
    LEAT_ASSIGN(const FileLease file, open_for_writing());
    std::vector<std::byte> bytes(flushed_entries_ * kIndexEntryBytes);
    LEAT_ASSIGN(const std::size_t got, file->read_at(position_of(0), bytes));
    for (; (sound + 1) * kIndexEntryBytes <= got; ++sound) {
      const auto entry = decode_index_entry(ByteSpan(bytes).subspan(sound * kIndexEntryBytes, kIndexEntryBytes));
      if (entry.has_error() || entry->position >= end_position || !ascends(last.value_or(kStart), *entry, kBeyond)) break;
      last = *entry;
    }
    const std::uint64_t kept_bytes = (sound + 1) * kIndexEntryBytes;
    LEAT_ASSIGN(const std::uint64_t file_bytes, file->size());
    if (file_bytes > kept_bytes) {
      // For good: should a power loss bring these entries back, they would point into whatever the segment holds there by then.
      LEAT_TRY(file->truncate(kept_bytes));
      LEAT_TRY(file->sync());
    }
  }
  const std::lock_guard lock(mutex_);
  unflushed_.clear();
  flushed_entries_ = sound;
  return last;
}

Result<std::optional<IndexEntry>> SegmentIndex::last_entry() {
  const std::lock_guard io(io_mutex_);
  LEAT_TRY(count());
  if (flushed_entries_ == 0) return std::optional<IndexEntry>();
  LEAT_ASSIGN(const FileLease file, file_.open());
  LEAT_ASSIGN(const std::uint64_t bytes, file->size());
  if (bytes % kIndexEntryBytes != 0) return std::optional<IndexEntry>();
  EntryBytes last;
  LEAT_ASSIGN(const std::size_t got, file->read_at(position_of(flushed_entries_ - 1), last));
  const auto entry = decode_index_entry(ByteSpan(last).first(got));
  return entry.has_value() ? std::optional(*entry) : std::optional<IndexEntry>();
}

void SegmentIndex::add(const IndexEntry& entry) {
  const std::lock_guard lock(mutex_);
  unflushed_.push_back(entry);
}

Result<void> SegmentIndex::flush() {
  const std::lock_guard io(io_mutex_);
  std::vector<IndexEntry> entries;
  {
    const std::lock_guard lock(mutex_);
    entries = unflushed_;
  }
  if (entries.empty()) return ok();
  LEAT_ASSIGN(const FileLease file, open_for_writing());
  const std::vector<std::byte> bytes = encode(entries);
  LEAT_TRY(file->write_at(position_of(flushed_entries_), std::array{ByteSpan(bytes)}));
  const std::lock_guard lock(mutex_);
  flushed_entries_ += entries.size();
  unflushed_.erase(unflushed_.begin(), unflushed_.begin() + static_cast<std::ptrdiff_t>(entries.size()));
  return ok();
}

Result<void> SegmentIndex::sync() { return file_.sync_written(); }

Result<void> SegmentIndex::replace(std::span<const IndexEntry> entries) {
  const std::lock_guard io(io_mutex_);
  LEAT_ASSIGN(const FileLease file, open_for_writing());
  const std::vector<std::byte> bytes = encode(entries);
  LEAT_TRY(file->write_at(position_of(0), std::array{ByteSpan(bytes)}));
  LEAT_TRY(file->truncate((entries.size() + 1) * kIndexEntryBytes));
  const std::lock_guard lock(mutex_);
  flushed_entries_ = entries.size();
  unflushed_.clear();
  return ok();
}

template <class Matches>
Result<SegmentIndex::Found> SegmentIndex::last_that(ReadMode mode, Matches matches) {
  IndexEntry above = kBeyond;
  std::uint64_t high = 0;  // no entry of the file from here on matches
  {
    std::unique_lock lock(mutex_);
    for (auto entry = unflushed_.rbegin(); entry != unflushed_.rend(); ++entry) {
      if (matches(*entry)) return Found{*entry, false, flushed_entries_ + static_cast<std::uint64_t>(unflushed_.rend() - entry)};
      above = *entry;
    }
    if (!counted_) {
      if (mode == ReadMode::cached_only) return Error(Errc::would_block);
      lock.unlock();
      {
        const std::lock_guard io(io_mutex_);
        LEAT_TRY(count());
      }
      lock.lock();
      above = kBeyond;  // what was not flushed may be by now
    }
    high = flushed_entries_;
  }
  Found found{kStart};
  if (high == 0) return found;
  // What is flushed is only ever written over by the same entries, so it is read beside a flush.
  LEAT_ASSIGN(const FileLease file, file_.open(mode));
  for (std::uint64_t low = 0; low < high;) {
    const std::uint64_t middle = low + (high - low) / 2;
    EntryBytes bytes;
    LEAT_ASSIGN(const std::size_t got, file->read_at(position_of(middle), bytes, mode));
    const auto entry = decode_index_entry(ByteSpan(bytes).first(got));
    const bool sound = entry.has_value() && ascends(found.entry, *entry, above);
    if (sound && matches(*entry)) {
      found.entry = *entry;
      found.next = low = middle + 1;
    } else {
      if (sound) above = *entry;
      found.damaged = found.damaged || !sound;
      high = middle;
    }
  }
  return found;
}

Result<SegmentIndex::Found> SegmentIndex::at_or_before(Offset offset, ReadMode mode) {
  return last_that(mode, [&](const IndexEntry& entry) { return base_offset_ + entry.relative_offset <= offset; });
}

Result<SegmentIndex::Found> SegmentIndex::before_time(TimestampMs timestamp, ReadMode mode) {
  return last_that(mode, [&](const IndexEntry& entry) { return entry.max_timestamp < timestamp; });
}

std::vector<IndexEntry> SegmentIndex::cached_entries(std::uint64_t number, std::size_t count_max) {
  std::vector<IndexEntry> entries;
  std::uint64_t in_file = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!counted_) return entries;
    if (number >= flushed_entries_) {
      for (std::uint64_t i = number - flushed_entries_; i < unflushed_.size() && entries.size() < count_max; ++i) {
        entries.push_back(unflushed_[i]);
      }
      return entries;
    }
    in_file = std::min<std::uint64_t>(flushed_entries_ - number, count_max);
  }
  const auto file = file_.open(ReadMode::cached_only);
  if (file.has_error()) return entries;
  std::vector<std::byte> bytes(in_file * kIndexEntryBytes);
  const auto got = (*file)->read_at(position_of(number), bytes, ReadMode::cached_only);
  if (got.has_error()) return entries;
  for (std::size_t at = 0; at + kIndexEntryBytes <= *got; at += kIndexEntryBytes) {
    const auto entry = decode_index_entry(ByteSpan(bytes).subspan(at, kIndexEntryBytes));
    if (entry.has_error() || !ascends(entries.empty() ? kStart : entries.back(), *entry, kBeyond)) break;
    entries.push_back(*entry);
  }
  return entries;
}

std::optional<SegmentIndex::Found> SegmentIndex::step(std::uint64_t next, std::uint64_t position, std::size_t bytes,
                                                      Offset limit) {
  std::optional<Found> found;
  for (const IndexEntry& entry : cached_entries(next, kStepEntriesMax)) {
    ++next;
    if (entry.position <= position) continue;
    if (base_offset_ + entry.relative_offset > limit || (found && entry.position > position + bytes)) break;
    found = Found{entry, false, next};
  }
  return found;
}

}  // namespace leat::storage
