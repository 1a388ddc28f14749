#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"
#include "storage/io/block_pool.hpp"
#include "storage/io/file_range.hpp"
#include "storage/io/pooled_file.hpp"
#include "storage/segment/segment_index.hpp"

namespace leat::storage {

/// "00000000000000001234.log" and its index: the base offset with 20 digits, as Kafka names them.
std::string segment_file_name(Offset base_offset);
std::string index_file_name(Offset base_offset);
/// The base offset that a segment's name says; nullopt for any other name.
std::optional<Offset> parse_segment_file_name(std::string_view name);
/// Removes what there is of both, the index first: one that is alone is nobody's. Not durable on return.
Result<void> remove_segment_files(FileSystem& fs, const Path& directory, Offset base_offset);

/// Where a segment ends: everything before has been written to the file.
struct SegmentEnd {
  std::uint64_t position = 0;
  Offset next_offset;
  TimestampMs max_timestamp = kNoTimestamp;
};

/// Where a sequential reader is, so that it need not be looked up. Owned by the reader.
struct ReadHint {
  Offset segment_base{-1};
  Offset offset{-1};
  std::uint64_t position = 0;
  std::optional<std::uint64_t> next_entry{};  ///< of the index: none before it is behind `position`
};

/// Whole batches, ascending, the first of which contains the offset asked for.
struct ReadBatches {
  std::vector<SharedBytes> chunks;   ///< each one or more batches
  std::optional<FileRange> in_file;  ///< or where they are, instead
  std::size_t bytes = 0;
  Offset next_offset;   ///< behind the last batch; the offset asked for when there is none
  bool is_lent = true;  ///< the chunks keep memory that others need, or far more than they have bytes: not to be held for long
};

/// A file of consecutive record batches, from its base offset to its end. Only a SegmentAppender moves the end, and once that is
/// gone the segment is sealed and never changes again. Any thread may read.
class Segment {
 public:
  Segment(std::shared_ptr<OpenFiles> files, std::shared_ptr<BlockPool> read_blocks, const Path& directory, Offset base_offset,
          const SegmentEnd& end);

  /// Batches from the one that contains `from`: those that end at or before `limit`, up to bytes_max but at least one. None when
  /// the limit lies within the first. Headers and offsets are checked, checksums are the reader's of the records. Errors:
  /// corruption naming file and byte, once the batches before it were read; io_error; would_block in ReadMode::cached_only rather
  /// than wait for the disk.
  Result<ReadBatches> read(Offset from, Offset limit, std::size_t bytes_max, ReadMode mode, ReadHint& hint);
  /// The same for whoever sends them from the file: only from where `hint` is, up to an entry of the index, and only what is in
  /// the page cache. Nobody looks at what is between, so only the header at its end is checked. Nullopt when that is not to be
  /// had: read() them.
  std::optional<ReadBatches> locate(Offset from, Offset limit, std::size_t bytes_max, ReadHint& hint);
  /// An offset at or before the first record that is not older than `timestamp`, close to it.
  Result<Offset> offset_before_time(TimestampMs timestamp);

  [[nodiscard]] Offset base_offset() const { return base_offset_; }
  [[nodiscard]] SegmentEnd end() const;
  [[nodiscard]] const Path& log_path() const { return file_.path(); }
  [[nodiscard]] const Path& index_path() const { return index_.path(); }
  [[nodiscard]] SegmentIndex& index() { return index_; }
  [[nodiscard]] PooledFile& file() { return file_; }
  /// Makes what was appended durable. io_error as well when the file has less: somebody has cut it, and a checkpoint would vouch
  /// for what is gone. storage_full when it could not be opened for want of a descriptor: nothing is lost, try again.
  Result<void> sync();
  /// io_error when the file ends before this position.
  [[nodiscard]] Result<void> check_reaches(File& file, std::uint64_t position) const;

  /// When the newest batch was appended, by the broker's clock: what retention by time goes by, as no producer can choose it.
  /// Known as the file's modification time after a start, so it is never too early.
  [[nodiscard]] TimestampMs appended_ms() const { return appended_ms_.load(std::memory_order_relaxed); }
  void set_appended_ms(TimestampMs at) { appended_ms_.store(at, std::memory_order_relaxed); }

  /// Recovery's, before the segment is shared: where the scan or the index found the end.
  void recovered_until(const SegmentEnd& end) { set_end(end); }
  /// Nothing will be appended any more.
  void set_sealed() { sealed_ = true; }

 private:
  /// Whether a batch begins there, or the segment ends; false also when that cannot be told without waiting.
  bool is_boundary(const IndexEntry& entry, const SegmentEnd& end);
  friend class SegmentAppender;
  void set_end(const SegmentEnd& end);
  Result<std::uint64_t> start_position(Offset from, ReadMode mode, const ReadHint& hint);
  /// What a look-up in the index finds, once an index that it finds damaged is rebuilt.
  template <class LookUp>
  Result<IndexEntry> in_sound_index(ReadMode mode, LookUp look_up);
  /// Whether it could: damage in the segment, too, or a full disk leave the index as it is.
  bool rebuild_index();

  const std::shared_ptr<BlockPool> read_blocks_;
  const Offset base_offset_;
  PooledFile file_;
  SegmentIndex index_;
  std::atomic<bool> sealed_{false};
  std::atomic<bool> rebuild_tried_{false};
  std::atomic<TimestampMs> appended_ms_{0};

  mutable std::mutex mutex_;
  SegmentEnd end_;
};

}  // namespace leat::storage
