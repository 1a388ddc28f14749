#pragma once

#include <memory>
#include <span>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/segment/segment.hpp"

namespace leat::storage {

/// A batch with its offset already in it.
struct PlacedBatch {
  ByteSpan bytes;
  Offset base_offset;
  Offset next_offset;
  TimestampMs max_timestamp = 0;
};

/// The one writer of a segment. seal() consumes it and leaves a segment that never changes again. One thread at a time.
class SegmentAppender {
 public:
  /// Creates the segment's file, empty; its directory entry is not durable yet.
  static Result<SegmentAppender> create(std::shared_ptr<OpenFiles> files, std::shared_ptr<BlockPool> read_blocks,
                                        const Path& directory, Offset base_offset);
  /// Goes on at the end of a segment that recovery found; `spacing` as it is behind the index's last entry.
  SegmentAppender(std::shared_ptr<Segment> segment, const IndexSpacing& spacing)
      : segment_(std::move(segment)), spacing_(spacing) {}

  /// Appends batches that follow one another and the segment's end. In the page cache on return. After an error the segment's end
  /// has not moved: with storage_full the same batches may be appended again.
  Result<void> append(std::span<const PlacedBatch> batches);

  /// Whether appending a batch now would open no file.
  [[nodiscard]] bool appends_at_once() const;
  /// Writes the index to its end; neither file is synced.
  Result<void> seal() &&;

  [[nodiscard]] const std::shared_ptr<Segment>& segment() const { return segment_; }
  /// Whether so many bytes up to this offset stay within the limit, and within what an index entry can hold. An empty segment
  /// takes one batch even so.
  [[nodiscard]] bool has_room_for(std::uint64_t bytes, Offset next_offset, std::uint64_t segment_bytes_max) const;

 private:
  Result<void> write(std::uint64_t position);

  std::shared_ptr<Segment> segment_;
  IndexSpacing spacing_;
  std::size_t unflushed_entries_ = 0;
  std::vector<ByteSpan> pieces_;
};

}  // namespace leat::storage
