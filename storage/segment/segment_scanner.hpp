#pragma once

#include <functional>
#include <optional>

#include "protocol/record/format.hpp"
#include "storage/segment/segment.hpp"

namespace leat::storage {

struct ScanOptions {
  /// Write back what was read and found whole. After a crash the page cache may hold bytes that a failed sync left marked as
  /// clean; writing them again is what makes the next sync mean something.
  bool rewrite = false;
};

struct Scanned {
  SegmentEnd end;               ///< behind the last whole batch
  std::optional<Error> reason;  ///< why it stopped before the file's end
};

/// Walks a segment's file from a known batch boundary and checks every batch: header, checksum, and that its offset is the next.
/// `visit` is called with each, at its position. Errors are the disk's only.
Result<Scanned> scan_segment(File& file, const SegmentEnd& from, const ScanOptions& options,
                             const std::function<void(const record::BatchHeader&, std::uint64_t position)>& visit);

}  // namespace leat::storage
