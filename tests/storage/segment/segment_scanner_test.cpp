#include "storage/segment/segment_scanner.hpp"

#include <gmock/gmock.h>

#include "protocol/base/endian.hpp"
#include "segment_fixture.hpp"

namespace leat::storage {
namespace {

template <class Disk>
class SegmentScannerTest : public SegmentFixture<Disk> {
 protected:
  void write(const std::vector<Bytes>& batches) {
    batches_ = batches;
    set_contents(this->fs(), this->log_path(), joined(batches_));
  }
  std::uint64_t position_of(std::size_t batch) const {
    return joined({batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(batch)}).size();
  }
  Scanned scan(SegmentEnd from = {0, SegmentFixture<Disk>::kBase, kNoTimestamp}) {
    visited_.clear();
    const auto file = this->fs().open(this->log_path(), {}).value();
    const auto visit = [this](const record::BatchHeader& header, std::uint64_t position) {
      EXPECT_EQ(header_of(ByteSpan(joined(batches_)).subspan(position)).crc, header.crc);
      visited_.push_back(header.base_offset);
    };
    return scan_segment(*file, from, {}, visit).value();
  }
  static std::optional<Errc> reason(const Scanned& scanned) {
    return scanned.reason ? std::optional(scanned.reason->code) : std::nullopt;
  }
  /// That the scan ends before the n-th batch.
  void expect_end(const Scanned& scanned, std::size_t batch) {
    EXPECT_EQ(scanned.end.position, position_of(batch));
    EXPECT_EQ(scanned.end.next_offset, this->kBase + static_cast<std::int64_t>(batch));
    EXPECT_EQ(visited_.size(), batch);
  }

  std::vector<Bytes> batches_;
  std::vector<Offset> visited_;
};
TYPED_TEST_SUITE(SegmentScannerTest, Disks, DiskNames);

TYPED_TEST(SegmentScannerTest, AWholeSegmentHasNoReasonToStop) {
  this->write(make_batches(this->kBase, 20));
  const Scanned scanned = this->scan();
  EXPECT_EQ(this->reason(scanned), std::nullopt);
  EXPECT_EQ(scanned.end.max_timestamp, 1000);
  this->expect_end(scanned, 20);
}

TYPED_TEST(SegmentScannerTest, AnEmptyFileIsWhole) {
  this->write({});
  const Scanned scanned = this->scan();
  EXPECT_EQ(this->reason(scanned), std::nullopt);
  this->expect_end(scanned, 0);
}

TYPED_TEST(SegmentScannerTest, ManyChunksAreOneScan) {
  this->write(make_batches(this->kBase, 100, {.value_bytes = 50'000}));
  this->expect_end(this->scan(), 100);
}

TYPED_TEST(SegmentScannerTest, BatchesLargerThanAChunkAreScanned) {
  this->write(make_batches(this->kBase, 3, {.value_bytes = 3 << 20}));
  this->expect_end(this->scan(), 3);
}

TYPED_TEST(SegmentScannerTest, BeginsWhereItIsTold) {
  this->write(make_batches(this->kBase, 20));
  const Scanned scanned = this->scan({this->position_of(15), this->kBase + 15, 5000});
  EXPECT_EQ(this->visited_.front(), this->kBase + 15);
  EXPECT_EQ(scanned.end.next_offset, this->kBase + 20);
  EXPECT_EQ(scanned.end.max_timestamp, 5000);
}

TYPED_TEST(SegmentScannerTest, ACutBatchIsATornTailAtAnyByte) {
  this->write(make_batches(this->kBase, 4));
  for (std::uint64_t bytes = this->position_of(4) - 1; bytes > this->position_of(3); --bytes) {
    cut(this->fs(), this->log_path(), bytes);
    const Scanned scanned = this->scan();
    EXPECT_EQ(this->reason(scanned), Errc::torn_tail) << bytes;
    this->expect_end(scanned, 3);
  }
}

TYPED_TEST(SegmentScannerTest, ZerosAreNoBatch) {
  this->write(make_batches(this->kBase, 4));
  overwrite(this->fs(), this->log_path(), this->position_of(4), Bytes(10'000));
  const Scanned scanned = this->scan();
  EXPECT_EQ(this->reason(scanned), Errc::invalid_batch);
  this->expect_end(scanned, 4);
}

TYPED_TEST(SegmentScannerTest, ADamagedRecordIsACorruptBatch) {
  this->write(make_batches(this->kBase, 4));
  flip_byte(this->fs(), this->log_path(), this->position_of(2) + 65);
  const Scanned scanned = this->scan();
  EXPECT_EQ(this->reason(scanned), Errc::corrupt_batch);
  this->expect_end(scanned, 2);
}

TYPED_TEST(SegmentScannerTest, ADamagedOffsetIsAnInvalidBatch) {
  this->write(make_batches(this->kBase, 4));
  flip_byte(this->fs(), this->log_path(), this->position_of(2) + 7);
  const Scanned scanned = this->scan();
  EXPECT_EQ(this->reason(scanned), Errc::invalid_batch);
  EXPECT_THAT(scanned.reason->message(), testing::HasSubstr("where 1002 should be"));
  this->expect_end(scanned, 2);
}

TYPED_TEST(SegmentScannerTest, ABatchOfAnEarlierLifeIsAnInvalidBatch) {
  auto batches = make_batches(this->kBase, 4);
  batches[2] = batches[1];
  this->write(batches);
  EXPECT_EQ(this->reason(this->scan()), Errc::invalid_batch);
}

class SegmentScannerFaults : public SegmentFixture<FakeDisk> {
 protected:
  std::unique_ptr<simulation::SimulatedDisk> scan_and_lose_power(bool rewrite) {
    const auto file = fs().open(log_path(), {}).value();
    (void)scan_segment(*file, {0, kBase, kNoTimestamp}, {rewrite}, [](const auto&, auto) {}).value();
    file->sync().value();
    return disk_.fs.crash(simulation::CrashChoice::lose_everything_unsynced());
  }
};

TEST_F(SegmentScannerFaults, RewritingMakesDurableWhatAFailedSyncLeftInThePageCache) {
  const Bytes whole = joined(make_batches(kBase, 50, kLargeBatch));
  fs().sync_directory("/").value();
  set_contents(fs(), log_path(), whole);
  fs().sync_directory(FakeDisk::root()).value();
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_FALSE(fs().open(log_path(), {}).value()->sync());
  EXPECT_NE(contents_of(*scan_and_lose_power(false), log_path()), whole);
  EXPECT_EQ(contents_of(*scan_and_lose_power(true), log_path()), whole);
}

TEST_F(SegmentScannerFaults, NothingBehindTheDamageIsRewritten) {
  const auto batches = make_batches(kBase, 4);
  set_contents(fs(), log_path(), joined(batches));
  flip_byte(fs(), log_path(), batches[0].size() + 65);
  const Bytes before = contents_of(fs(), log_path());
  std::vector<std::string> operations;
  disk_.fs.on_operation([&](std::uint64_t, std::string_view name) { operations.emplace_back(name); });
  const auto file = fs().open(log_path(), {}).value();
  (void)scan_segment(*file, {0, kBase, kNoTimestamp}, {true}, [](const auto&, auto) {}).value();
  EXPECT_THAT(operations, testing::ElementsAre("write"));
  EXPECT_EQ(contents_of(fs(), log_path()), before);
}

}  // namespace
}  // namespace leat::storage
