#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"
#include "storage/io/block_pool.hpp"
#include "storage/io/file_system.hpp"
#include "storage/segment/segment_index.hpp"

namespace leat::storage {

/// "00000000000000001234.log" and its index: the base offset with 20 digits, as Kafka names them.
std::string segment_file_name(Offset base_offset);
std::string index_file_name(Offset base_offset);
/// The base offset that a segment's name says; nullopt for any other name.
std::optional<Offset> parse_segment_file_name(std::string_view name);

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
};

/// Whole batches, ascending, the first of which contains the offset asked for.
struct ReadBatches {
  std::vector<SharedBytes> chunks;  ///< each one or more batches
  std::size_t bytes = 0;
  Offset next_offset;  ///< behind the last batch; the offset asked for when there is none
};

/// A file of consecutive record batches, from its base offset to its end. Only a SegmentAppender moves the end, and once that is
/// gone the segment never changes. Any thread may read.
class Segment {
 public:
  Segment(FileSystem& fs, std::shared_ptr<BlockPool> read_blocks, const Path& directory, Offset base_offset,
          const SegmentEnd& end);

  /// Batches from the one that contains `from`, up to `limit` (a batch's end behind it) and bytes_max, but at least one. Headers
  /// and offsets are checked, checksums are the reader's of the records. Errors: corruption naming file and byte, once the
  /// batches before it were read; would_block in ReadMode::cached_only; io_error.
  Result<ReadBatches> read(Offset from, Offset limit, std::size_t bytes_max, ReadMode mode, ReadHint& hint);
  /// An offset at or before the first record that is not older than `timestamp`, close to it.
  Result<Offset> offset_before_time(TimestampMs timestamp);

  [[nodiscard]] Offset base_offset() const { return base_offset_; }
  [[nodiscard]] SegmentEnd end() const;
  [[nodiscard]] const Path& log_path() const { return log_path_; }
  [[nodiscard]] const Path& index_path() const { return index_path_; }
  [[nodiscard]] SegmentIndex& index() { return index_; }

  /// Recovery's: where the scan found the end, before the segment is shared.
  void recovered_until(const SegmentEnd& end) { set_end(end); }

  /// The file, opened when it is first wanted; kept by the caller for as long as it is used.
  Result<std::shared_ptr<File>> file();
  /// Closes the files of a segment nobody has read since the last call.
  void release_idle_files();

 private:
  friend class SegmentAppender;
  void set_end(const SegmentEnd& end);
  Result<std::uint64_t> start_position(Offset from, const ReadHint& hint);

  FileSystem& fs_;
  const std::shared_ptr<BlockPool> read_blocks_;
  const Path log_path_;
  const Path index_path_;
  const Offset base_offset_;
  SegmentIndex index_;

  mutable std::mutex mutex_;
  SegmentEnd end_;
  std::shared_ptr<File> file_;
  bool used_ = false;
};

}  // namespace leat::storage
