#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/io/file_system.hpp"

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

/// The sparse index beside a segment. It holds nothing that the segment does not: losing it costs a scan. Entries are ascending
/// in every field. Those not flushed yet are in memory, the others are looked up in the file, so that an index takes no memory
/// however large the log is.
///
/// Any thread may look up; adding and flushing are the segment writer's or, after sealing, nobody's.
class SegmentIndex {
 public:
  SegmentIndex(FileSystem& fs, Path path, Offset base_offset) : fs_(fs), path_(std::move(path)), base_offset_(base_offset) {}

  /// Reads the entries of the file that hold true up to `end_position`, drops what comes after (durably), and returns the last
  /// one. A damaged or missing file is an empty index.
  Result<std::optional<IndexEntry>> load(std::uint64_t end_position);
  /// The last entry of a sealed segment's index, which stands for the segment's end; nullopt when it is damaged or missing.
  Result<std::optional<IndexEntry>> last_entry();

  void add(const IndexEntry& entry);
  /// Writes what was added since the last flush, behind what the file holds; in the page cache on return.
  Result<void> flush();
  Result<void> sync();

  /// An entry at or before an offset / whose batches before it are all older than `timestamp`: the last such one, or an earlier
  /// one where the file is damaged. The segment's start when there is none.
  Result<IndexEntry> at_or_before(Offset offset);
  Result<IndexEntry> before_time(TimestampMs timestamp);

  /// Closes the file until it is wanted again.
  void release_file();

 private:
  template <class Matches>
  Result<IndexEntry> last_that(Matches matches);
  /// How many entries the file has, changing nothing: looking up must work on a full disk and beside a deletion.
  Result<void> count();
  /// For entries that are there or are about to be: with a header, created if need be.
  Result<File*> open_file();
  Result<IndexEntry> entry_in_file(std::uint64_t i);

  FileSystem& fs_;
  const Path path_;
  const Offset base_offset_;
  std::mutex mutex_;
  std::unique_ptr<File> file_;
  std::uint64_t flushed_entries_ = 0;  ///< behind the file's header, which is as large as an entry
  bool counted_ = false;               ///< flushed_entries_ and has_header_ are known
  bool has_header_ = false;
  std::vector<IndexEntry> unflushed_;
};

}  // namespace leat::storage
