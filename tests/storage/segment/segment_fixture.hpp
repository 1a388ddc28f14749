#pragma once

#include <vector>

#include "samples/disks.hpp"
#include "storage/segment/segment_appender.hpp"

namespace leat::storage {

/// A segment that begins at offset 1000, read in blocks of 64 KiB.
template <class Disk>
class SegmentFixture : public testing::Test {
 protected:
  static constexpr Offset kBase{1000};

  FileSystem& fs() { return disk_.fs; }
  Path log_path() { return disk_.root() / segment_file_name(kBase); }
  Path index_path() { return disk_.root() / index_file_name(kBase); }

  SegmentAppender create() { return SegmentAppender::create(files_, read_blocks_, disk_.root(), kBase).value(); }
  /// A segment of these batches, sealed.
  std::shared_ptr<Segment> sealed(const std::vector<Bytes>& batches) {
    SegmentAppender appender = create();
    appender.append(placed(batches)).value();
    auto segment = appender.segment();
    std::move(appender).seal().value();
    return segment;
  }
  /// The same files, opened by somebody else, sealed.
  std::shared_ptr<Segment> reopened(const SegmentEnd& end) {
    auto segment = std::make_shared<Segment>(files_, read_blocks_, disk_.root(), kBase, end);
    segment->set_sealed();
    return segment;
  }

  Disk disk_;
  std::shared_ptr<OpenFiles> files_ = std::make_shared<OpenFiles>(disk_.fs, 16);
  std::shared_ptr<BlockPool> read_blocks_ = std::make_shared<BlockPool>(64 << 10, 4);
};

/// Two of them are further apart than the index's entries.
inline constexpr BatchShape kLargeBatch{.value_bytes = 40 << 10};

}  // namespace leat::storage
