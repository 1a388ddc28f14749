#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/io/pooled_file.hpp"

namespace leat::storage {

/// How far apart entries are, in bytes of the segment. A look-up reads at most this much more than it needs.
inline constexpr std::uint64_t kIndexIntervalBytes = 64U << 10;

/// A place in a segment. One entry serves look-ups by offset and by time (FORMAT.md, "Index").
struct IndexEntry {
  std::uint32_t relative_offset = 0;  ///< of the batch at `position`, from the segment's base offset
  std::uint32_t position = 0;
  TimestampMs max_timestamp = 0;  ///< of all batches before `position`; kNoTimestamp at the segment's start

  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

inline constexpr TimestampMs kNoTimestamp = -1;
inline constexpr std::size_t kIndexEntryBytes = 24;

void encode_index_entry(const IndexEntry& entry, std::byte* to);
/// corruption when the entry's checksum does not match.
Result<IndexEntry> decode_index_entry(ByteSpan from);

/// Chooses the batches that get an entry, from those of a segment in their order.
class IndexSpacing {
 public:
  /// Goes on behind an entry at `last_position`; 0: from the segment's start.
  IndexSpacing(Offset base_offset, std::uint64_t last_position) : base_offset_(base_offset), last_position_(last_position) {}

  /// The entry for a batch, when it is far enough from the one before. `max_timestamp`: of all batches before it.
  std::optional<IndexEntry> entry_at(Offset offset, std::uint64_t position, TimestampMs max_timestamp);
  /// The entry that stands for the segment's end.
  [[nodiscard]] IndexEntry end_at(Offset offset, std::uint64_t position, TimestampMs max_timestamp) const;

 private:
  Offset base_offset_;
  std::uint64_t last_position_;
};

/// The sparse index beside a segment. It holds nothing that the segment does not: losing it costs a scan. Entries are ascending
/// in every field. Those not flushed yet are in memory, the others are looked up in the file, so that an index takes no memory
/// however large the log is.
///
/// Any thread may look up; adding and flushing are the segment writer's or, after sealing, nobody's.
class SegmentIndex {
 public:
  SegmentIndex(std::shared_ptr<OpenFiles> files, Path path, Offset base_offset)
      : fs_(files->fs()), base_offset_(base_offset), file_(std::move(files), std::move(path)) {}

  /// Reads the entries of the file that hold true up to `end_position`, drops what comes after (durably), and returns the last
  /// one. A damaged or missing file is an empty index.
  Result<std::optional<IndexEntry>> load(std::uint64_t end_position);
  /// The last entry of a sealed segment's index, which stands for the segment's end; nullopt when it is damaged or missing.
  Result<std::optional<IndexEntry>> last_entry();

  void add(const IndexEntry& entry);
  /// Writes what was added since the last flush, behind what the file holds; in the page cache on return.
  Result<void> flush();
  Result<void> sync();
  /// Writes all entries of a sealed segment anew, over what the file holds and what was not flushed.
  Result<void> replace(std::span<const IndexEntry> entries);

  struct Found {
    IndexEntry entry;
    bool damaged = false;    ///< an entry on the way was; this one is before it and serves as well, with further to walk
    std::uint64_t next = 0;  ///< the number of the entry behind it
  };
  /// The last entry at or before an offset / whose batches before it are all older than `timestamp`; the segment's start when
  /// there is none. In ReadMode::cached_only would_block rather than wait for the disk, or for whoever does.
  Result<Found> at_or_before(Offset offset, ReadMode mode = ReadMode::blocking);
  Result<Found> before_time(TimestampMs timestamp, ReadMode mode = ReadMode::blocking);
  /// Of the few entries from number `next` of a Found on that are behind `position` in the segment and not behind the offset
  /// `limit`: the last one not behind position + bytes, or the first one when all are. nullopt when there is none, or none to be
  /// had without waiting.
  std::optional<Found> step(std::uint64_t next, std::uint64_t position, std::size_t bytes, Offset limit);

  [[nodiscard]] const Path& path() const { return file_.path(); }

 private:
  /// Up to so many sound entries from a number on, all from memory or all from the file.
  std::vector<IndexEntry> cached_entries(std::uint64_t number, std::size_t count_max);
  template <class Matches>
  Result<Found> last_that(ReadMode mode, Matches matches);
  /// How many entries the file has, changing nothing: looking up must work on a full disk and beside a deletion. Holds io_mutex_,
  /// as the callers of the next one do.
  Result<void> count();
  /// With a header, created if need be.
  Result<FileLease> open_for_writing();

  FileSystem& fs_;
  const Offset base_offset_;
  PooledFile file_;

  std::mutex io_mutex_;  ///< over the file's layout, held while it is read or written as a whole; taken before mutex_
  bool there_ = false;
  bool has_header_ = false;

  std::mutex mutex_;  ///< over everything below, which changes with io_mutex_ held; never held during a disk operation
  std::uint64_t flushed_entries_ = 0;  ///< behind the file's header, which is as large as an entry
  bool counted_ = false;               ///< flushed_entries_ and what io_mutex_ guards are known
  std::vector<IndexEntry> unflushed_;
};

}  // namespace leat::storage
