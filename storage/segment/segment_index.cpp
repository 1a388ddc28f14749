#include "storage/segment/segment_index.hpp"

#include <array>
#include <cstring>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kIndexMagic = 0x315844495441454cULL;  // "LEATIDX1"
constexpr std::size_t kCrcAt = 20;
static_assert(kCrcAt + 4 == kIndexEntryBytes);

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

Result<void> SegmentIndex::count() {
  if (counted_) return ok();
  LEAT_ASSIGN(const bool there, fs_.exists(path_));
  if (there) {
    LEAT_ASSIGN(file_, fs_.open(path_, OpenOptions{}));
    LEAT_ASSIGN(const std::uint64_t bytes, file_->size());
    EntryBytes expected;
    EntryBytes header;
    encode_header(base_offset_, expected.data());
    LEAT_ASSIGN(const std::size_t got, file_->read_at(FilePosition(0), header));
    has_header_ = got == header.size() && header == expected;
    flushed_entries_ = has_header_ ? bytes / kIndexEntryBytes - 1 : 0;
  }
  counted_ = true;
  return ok();
}

Result<File*> SegmentIndex::open_file() {
  LEAT_TRY(count());
  if (!file_) {
    OpenOptions options;
    options.existence = OpenOptions::Existence::either;
    LEAT_ASSIGN(file_, fs_.open(path_, options));
  }
  if (!has_header_) {
    LEAT_ASSIGN(const std::uint64_t bytes, file_->size());
    EntryBytes header;
    encode_header(base_offset_, header.data());
    LEAT_TRY(file_->truncate(0));
    LEAT_TRY(file_->write_at(FilePosition(0), std::array{ByteSpan(header)}));
    if (bytes > 0) LEAT_TRY(file_->sync());  // as in load()
    has_header_ = true;
  }
  return file_.get();
}

Result<IndexEntry> SegmentIndex::entry_in_file(std::uint64_t i) {
  EntryBytes bytes;
  LEAT_ASSIGN(File * file, open_file());
  LEAT_ASSIGN(const std::size_t got, file->read_at(position_of(i), bytes));
  auto entry = decode_index_entry(ByteSpan(bytes).first(got));
  if (entry.has_error()) return Error(Errc::corruption, path_.string() + ": " + entry.error().context);
  return entry;
}

Result<std::optional<IndexEntry>> SegmentIndex::load(std::uint64_t end_position) {
  const std::lock_guard lock(mutex_);
  unflushed_.clear();
  LEAT_TRY(count());
  std::optional<IndexEntry> last;
  if (!file_ && !has_header_) return last;
  LEAT_ASSIGN(File * file, open_file());
  std::vector<std::byte> bytes(flushed_entries_ * kIndexEntryBytes);
  LEAT_ASSIGN(const std::size_t got, file->read_at(position_of(0), bytes));
  std::uint64_t sound = 0;
  for (; (sound + 1) * kIndexEntryBytes <= got; ++sound) {
    const auto entry = decode_index_entry(ByteSpan(bytes).subspan(sound * kIndexEntryBytes, kIndexEntryBytes));
    if (entry.has_error() || entry->position >= end_position || (last && entry->position <= last->position)) break;
    last = *entry;
  }
  const std::uint64_t kept_bytes = (sound + 1) * kIndexEntryBytes;
  LEAT_ASSIGN(const std::uint64_t file_bytes, file->size());
  if (file_bytes > kept_bytes) {
    // For good: should a power loss bring these entries back, they would point into whatever the segment holds there by then.
    LEAT_TRY(file->truncate(kept_bytes));
    LEAT_TRY(file->sync());
  }
  flushed_entries_ = sound;
  return last;
}

Result<std::optional<IndexEntry>> SegmentIndex::last_entry() {
  const std::lock_guard lock(mutex_);
  LEAT_TRY(count());
  if (flushed_entries_ == 0) return std::optional<IndexEntry>();
  LEAT_ASSIGN(File * file, open_file());
  LEAT_ASSIGN(const std::uint64_t bytes, file->size());
  if (bytes % kIndexEntryBytes != 0) return std::optional<IndexEntry>();
  const auto entry = entry_in_file(flushed_entries_ - 1);
  if (entry.has_value()) return std::optional(*entry);
  if (entry.error().code == Errc::corruption) return std::optional<IndexEntry>();
  return entry.error();
}

void SegmentIndex::add(const IndexEntry& entry) {
  const std::lock_guard lock(mutex_);
  unflushed_.push_back(entry);
}

Result<void> SegmentIndex::flush() {
  const std::lock_guard lock(mutex_);
  if (unflushed_.empty()) return ok();
  LEAT_ASSIGN(File * file, open_file());
  std::vector<std::byte> bytes(unflushed_.size() * kIndexEntryBytes);
  for (std::size_t i = 0; i < unflushed_.size(); ++i) encode_index_entry(unflushed_[i], bytes.data() + i * kIndexEntryBytes);
  LEAT_TRY(file->write_at(position_of(flushed_entries_), std::array{ByteSpan(bytes)}));
  flushed_entries_ += unflushed_.size();
  unflushed_.clear();
  return ok();
}

Result<void> SegmentIndex::sync() {
  const std::lock_guard lock(mutex_);
  LEAT_TRY(count());
  if (!has_header_) return ok();  // nothing was ever flushed
  LEAT_ASSIGN(File * file, open_file());
  return file->sync();
}

template <class Matches>
Result<IndexEntry> SegmentIndex::last_that(Matches matches) {
  const std::lock_guard lock(mutex_);
  for (auto entry = unflushed_.rbegin(); entry != unflushed_.rend(); ++entry) {
    if (matches(*entry)) return *entry;
  }
  LEAT_TRY(count());
  std::uint64_t low = 0;  // matches below, does not match from `high` on
  std::uint64_t high = flushed_entries_;
  IndexEntry found{0, 0, kNoTimestamp};
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto entry = entry_in_file(middle);
    if (entry.has_error() && entry.error().code != Errc::corruption) return entry.error();
    // What stands before a damaged entry serves as well: the reader has further to walk.
    if (entry.has_value() && matches(*entry)) {
      found = *entry;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return found;
}

Result<IndexEntry> SegmentIndex::at_or_before(Offset offset) {
  return last_that([&](const IndexEntry& entry) { return base_offset_ + entry.relative_offset <= offset; });
}

Result<IndexEntry> SegmentIndex::before_time(TimestampMs timestamp) {
  return last_that([&](const IndexEntry& entry) { return entry.max_timestamp < timestamp; });
}

void SegmentIndex::release_file() {
  const std::lock_guard lock(mutex_);
  file_.reset();
}

}  // namespace leat::storage
