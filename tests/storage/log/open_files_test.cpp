#include <gmock/gmock.h>

#include "log_fixture.hpp"
#include "samples/counting_file_system.hpp"

namespace leat::storage {
namespace {

/// A log with a segment for every batch, and sixteen descriptors.
template <class Disk>
class LogWithFewDescriptors : public LogFixture<Disk> {
 protected:
  static constexpr int kFiles = 16;
  static constexpr int kSegments = 500;

  LogWithFewDescriptors() {
    this->files_ = std::make_shared<OpenFiles>(counts_, kFiles);
    this->config_.segment_bytes = 1;
    this->open();
    this->commit(kSegments);
  }

  CountingFileSystem counts_{this->disk_.fs};
};
TYPED_TEST_SUITE(LogWithFewDescriptors, Disks, DiskNames);

TYPED_TEST(LogWithFewDescriptors, IsWrittenRecoveredAndCaughtUpWith) {
  ASSERT_EQ(this->segment_files().size(), static_cast<std::size_t>(this->kSegments));
  const Bytes expected = joined(make_batches(Offset(0), this->kSegments));
  EXPECT_EQ(this->read_all(0), expected);
  this->reopen();
  EXPECT_EQ(this->read_all(0), expected);
  EXPECT_LE(this->counts_.open_at_most(), this->kFiles);
  EXPECT_EQ(this->counts_.closed_unsynced(), 0);
}

TYPED_TEST(LogWithFewDescriptors, ReadersFarApartDoNotNeedMore) {
  this->reopen();
  ReadHint hints[3];
  for (std::int64_t i = 0; i < this->kSegments / 3; ++i) {
    for (std::int64_t reader = 0; reader < 3; ++reader) {
      const Offset from(reader * (this->kSegments / 3) + i);
      const auto batches = this->log_->read(from, from + 1, this->kUnlimited, ReadMode::blocking, hints[reader]);
      ASSERT_EQ(batches->next_offset, from + 1);
    }
  }
  EXPECT_LE(this->counts_.open_at_most(), this->kFiles);
}

}  // namespace
}  // namespace leat::storage
