#include "storage/log/partition_log.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "log_fixture.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "samples/counting_file_system.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

template <class Disk>
class PartitionLogTest : public LogFixture<Disk> {
 protected:
  PartitionLogTest() { this->open(); }

  static BatchShape stamped(std::int32_t base_sequence) { return {.stamp = {ProducerId(7), 0, base_sequence}}; }
  std::optional<PartitionLog::TimeMatch> find_time(TimestampMs timestamp) {
    return this->log_->find_time(timestamp, this->log_->high_watermark()).value();
  }
};
TYPED_TEST_SUITE(PartitionLogTest, Disks, DiskNames);

TYPED_TEST(PartitionLogTest, OffsetsAreDenseFromZero) {
  EXPECT_EQ(this->append({.records = 3})->base_offset, Offset(0));
  const auto second = this->append({.records = 2}).value();
  EXPECT_EQ(second.base_offset, Offset(3));
  EXPECT_EQ(second.next_offset, Offset(5));
  EXPECT_EQ(this->log_->next_offset(), Offset(5));
}

TYPED_TEST(PartitionLogTest, ABatchIsVisibleOnceTheJournalHasIt) {
  this->append().value();
  EXPECT_EQ(this->log_->high_watermark(), Offset(0));
  this->journal_all();
  EXPECT_EQ(this->log_->high_watermark(), Offset(1));
  EXPECT_EQ(this->log_->durable_end(), Offset(1));
  EXPECT_EQ(this->log_->written_end(), Offset(0));
}

TYPED_TEST(PartitionLogTest, ABatchThatIsOnlyWrittenIsNotVisibleYet) {
  this->append().value();
  const auto group = this->queue_.take_for_journal();
  this->write_all();
  EXPECT_EQ(this->log_->written_end(), Offset(1));
  EXPECT_EQ(this->log_->high_watermark(), Offset(0));
  this->queue_.done(*group);
}

TYPED_TEST(PartitionLogTest, WithoutTheJournalABatchIsVisibleOnceWritten) {
  this->configure({.durability = Durability::os});
  this->append().value();
  this->write_all();
  EXPECT_EQ(this->log_->high_watermark(), Offset(1));
  EXPECT_EQ(this->log_->durable_end(), Offset(0));
}

TYPED_TEST(PartitionLogTest, TheTailIsReadBeforeItIsWritten) {
  for (int i = 0; i < 5; ++i) this->append().value();
  this->journal_all();
  EXPECT_EQ(this->read_all(0), joined(make_batches(Offset(0), 5)));
}

TYPED_TEST(PartitionLogTest, MemoryAndFilesHoldTheSameBytes) {
  this->commit(60, {.records = 3, .value_bytes = 700});
  const Bytes from_memory = this->read_all(30);
  this->reopen();
  EXPECT_EQ(this->read_all(30), from_memory);
  EXPECT_EQ(this->read_all(0, 5000), joined(make_batches(Offset(0), 60, {.records = 3, .value_bytes = 700})));
}

TYPED_TEST(PartitionLogTest, AReadGoesFromFilesToMemoryWithoutASeam) {
  this->commit(30, {.value_bytes = 30 << 10});
  this->reopen();
  this->commit(30, {.value_bytes = 30 << 10});
  EXPECT_EQ(this->read_all(0, 100 << 10), joined(make_batches(Offset(0), 60, {.value_bytes = 30 << 10})));
}

TYPED_TEST(PartitionLogTest, WhatTheTailHasForgottenIsReadFromTheFiles) {
  this->commit(100, {.value_bytes = 30 << 10});
  EXPECT_EQ(this->read_all(0), joined(make_batches(Offset(0), 100, {.value_bytes = 30 << 10})));
}

TYPED_TEST(PartitionLogTest, ATailReadKeepsToTheLimits) {
  this->commit(10, {.records = 2});
  const std::size_t batch_bytes = make_batch(Offset(0), {.records = 2}).size();
  EXPECT_THAT(this->read(5, 3 * batch_bytes)->chunks, SizeIs(3));
  EXPECT_THAT(this->read(5, 1)->chunks, SizeIs(1));
  EXPECT_EQ(this->read(5, 1)->next_offset, Offset(6));
  EXPECT_EQ(this->log_->read(Offset(5), Offset(8), this->kUnlimited, ReadMode::blocking, this->hint_)->next_offset, Offset(8));
}

TYPED_TEST(PartitionLogTest, NothingIsReadAtTheEnd) {
  this->commit(3);
  const ReadBatches batches = this->read(3).value();
  EXPECT_TRUE(batches.chunks.empty());
  EXPECT_EQ(batches.next_offset, Offset(3));
}

TYPED_TEST(PartitionLogTest, OffsetsThatAreNotThereAreOutOfRange) {
  this->commit(10);
  this->log_->advance_log_start(Offset(4)).value();
  EXPECT_EQ(error_of(this->read(3)), Errc::offset_out_of_range);
  EXPECT_EQ(error_of(this->read(11)), Errc::offset_out_of_range);
  EXPECT_THAT(message_of(this->read(11)), HasSubstr("offset 11, available are 4 to 10"));
}

TYPED_TEST(PartitionLogTest, ARepeatedBatchKeepsItsOffset) {
  this->append(this->stamped(0)).value();
  this->append(this->stamped(1)).value();
  const auto again = this->append(this->stamped(0)).value();
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.base_offset, Offset(0));
  EXPECT_EQ(again.next_offset, Offset(1));
  EXPECT_EQ(this->log_->next_offset(), Offset(2));
}

TYPED_TEST(PartitionLogTest, AMissingBatchIsRefusedAndTakesNoOffset) {
  this->append(this->stamped(0)).value();
  EXPECT_EQ(error_of(this->append(this->stamped(2))), Errc::out_of_order_sequence);
  EXPECT_EQ(this->log_->next_offset(), Offset(1));
}

TYPED_TEST(PartitionLogTest, ABatchThatFoundTheQueueFullMayBeSentAgain) {
  this->append({.value_bytes = 1 << 20}).value();
  EXPECT_EQ(error_of(this->append(this->stamped(0))), Errc::would_block);
  this->settle();
  const auto again = this->append(this->stamped(0)).value();
  EXPECT_FALSE(again.duplicate);
  EXPECT_EQ(again.base_offset, Offset(1));
}

TYPED_TEST(PartitionLogTest, ProducersAreKnownAfterReopening) {
  for (int i = 0; i < 3; ++i) this->append(this->stamped(i)).value();
  this->settle();
  this->reopen();
  EXPECT_TRUE(this->append(this->stamped(2))->duplicate);
  EXPECT_FALSE(this->append(this->stamped(3))->duplicate);
}

TYPED_TEST(PartitionLogTest, AFullSegmentIsRolled) {
  const std::size_t batch_bytes = make_batch(Offset(0)).size();
  this->configure({.segment_bytes = static_cast<std::int64_t>(4 * batch_bytes)});
  this->commit(10);
  EXPECT_THAT(this->segment_files(),
              testing::ElementsAre("00000000000000000000.log", "00000000000000000004.log", "00000000000000000008.log"));
  EXPECT_EQ(this->log_->size_bytes(), 10 * batch_bytes);
  this->reopen();
  EXPECT_EQ(this->read_all(0), joined(make_batches(Offset(0), 10)));
}

TYPED_TEST(PartitionLogTest, OneGroupMayFillManySegments) {
  const std::size_t batch_bytes = make_batch(Offset(0)).size();
  this->configure({.segment_bytes = static_cast<std::int64_t>(2 * batch_bytes)});
  for (int i = 0; i < 6; ++i) this->append().value();
  this->settle();
  EXPECT_THAT(this->segment_files(), SizeIs(3));
  this->configure({.segment_bytes = 1});
  for (int i = 0; i < 3; ++i) this->append().value();
  this->settle();
  EXPECT_THAT(this->segment_files(), SizeIs(6));
}

TYPED_TEST(PartitionLogTest, BatchesThatClaimAllOffsetsGetSegmentsOfTheirOwn) {
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  const Bytes batch = make_batch_claiming(Offset(0), kMost);
  for (int i = 0; i < 4; ++i) this->append(ByteSpan(batch)).value();
  this->settle();
  EXPECT_THAT(this->segment_files(), SizeIs(4));
  this->reopen();
  for (std::int64_t i = 0; i < 4; ++i) {
    const ReadBatches read = this->read(i * kMost + 5, 1).value();
    EXPECT_EQ(header_of(read.chunks[0].span()).base_offset, Offset(i * kMost));
  }
}

TYPED_TEST(PartitionLogTest, ATimeIsFoundToTheRecord) {
  for (int i = 0; i < 50; ++i) this->commit(1, {.records = 10, .value_bytes = 1000, .timestamp = 100 * i});
  this->reopen();
  for (const TimestampMs timestamp : {0, 4, 9, 10, 99, 100, 2345, 4909}) {
    const auto match = this->find_time(timestamp);
    const TimestampMs expected = timestamp % 100 < 10 ? timestamp : timestamp / 100 * 100 + 100;
    ASSERT_TRUE(match) << timestamp;
    EXPECT_EQ(match->timestamp, expected);
    EXPECT_EQ(match->offset, Offset(expected / 100 * 10 + expected % 100));
  }
}

TYPED_TEST(PartitionLogTest, NoRecordIsFoundBehindTheNewest) {
  EXPECT_FALSE(this->find_time(0));
  this->commit(3, {.timestamp = 500});
  EXPECT_FALSE(this->find_time(501));
}

TYPED_TEST(PartitionLogTest, TimesAreFoundAcrossSegmentsAndOutOfOrder) {
  this->configure({.segment_bytes = 1});
  for (const TimestampMs timestamp : {500, 100, 300, 900, 200}) this->commit(1, {.timestamp = timestamp});
  EXPECT_EQ(this->find_time(400)->offset, Offset(0));
  EXPECT_EQ(this->find_time(501)->offset, Offset(3));
  this->log_->advance_log_start(Offset(1)).value();
  EXPECT_EQ(this->find_time(100)->offset, Offset(1));
  EXPECT_EQ(this->find_time(301)->offset, Offset(3));
}

TYPED_TEST(PartitionLogTest, ABatchThatCannotBeReadAnswersATimeAsAWhole) {
  this->commit(1, {.timestamp = 500});
  this->append(ByteSpan(make_batch_claiming(Offset(1), 7))).value();
  this->settle();
  this->commit(1, {.timestamp = 2000});
  const auto match = this->find_time(501);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->offset, Offset(1));
  EXPECT_EQ(match->timestamp, 1000);
  this->log_->advance_log_start(Offset(4)).value();
  EXPECT_EQ(this->find_time(501)->offset, Offset(4));
}

/// Segments of one batch each, of which the first says that it holds a record from 9000.
template <class Disk>
class LyingPartitionLog : public LogFixture<Disk> {
 protected:
  LyingPartitionLog() {
    this->files_ = std::make_shared<OpenFiles>(counts_, 16);
    this->config_.segment_bytes = 1;
    this->open();
    Bytes lie = make_batch(Offset(0));
    store_be(lie.data() + record::field::kMaxTimestamp, std::int64_t{9000});
    store_be(lie.data() + record::field::kCrc, crc32c(ByteSpan(lie).subspan(record::field::kAttributes)));
    this->append(ByteSpan(lie)).value();
    this->settle();
    this->commit(40);
    this->reopen();
  }
  int reads_to_find(TimestampMs timestamp) {
    const int before = counts_.reads();
    EXPECT_FALSE(this->log_->find_time(timestamp, this->log_->high_watermark()).value());
    return counts_.reads() - before;
  }

  CountingFileSystem counts_{this->disk_.fs};
};
TYPED_TEST_SUITE(LyingPartitionLog, Disks, DiskNames);

TYPED_TEST(LyingPartitionLog, OnlySegmentsThatMayHoldATimeAreRead) {
  EXPECT_LE(this->reads_to_find(5000), 4);
  EXPECT_EQ(this->reads_to_find(9001), 0);
}

TYPED_TEST(PartitionLogTest, ALimitWithinABatchEndsBeforeIt) {
  this->commit(3, {.records = 10});
  const auto read_to = [this](std::int64_t from, std::int64_t limit) {
    return this->log_->read(Offset(from), Offset(limit), this->kUnlimited, ReadMode::blocking, this->hint_).value();
  };
  for (const bool in_memory : {true, false}) {
    if (!in_memory) this->reopen();
    EXPECT_EQ(read_to(0, 25).next_offset, Offset(20)) << in_memory;
    EXPECT_EQ(read_to(22, 25).next_offset, Offset(22)) << in_memory;
    EXPECT_TRUE(read_to(20, 25).chunks.empty()) << in_memory;
  }
}

TYPED_TEST(PartitionLogTest, ReplayContinuesTheLog) {
  for (const Bytes& batch : make_batches(Offset(0), 3)) this->log_->replay(header_of(batch), batch).value();
  EXPECT_EQ(this->log_->high_watermark(), Offset(3));
  EXPECT_EQ(this->read_all(0), joined(make_batches(Offset(0), 3)));
}

TYPED_TEST(PartitionLogTest, ReplayPassesOverWhatIsThere) {
  this->commit(3);
  for (const Bytes& batch : make_batches(Offset(0), 4)) this->log_->replay(header_of(batch), batch).value();
  EXPECT_EQ(this->log_->next_offset(), Offset(4));
  EXPECT_EQ(this->log_->size_bytes(), joined(make_batches(Offset(0), 4)).size());
}

TYPED_TEST(PartitionLogTest, AGapInTheReplayIsCorruption) {
  this->commit(3);
  const Bytes batch = make_batch(Offset(5));
  EXPECT_EQ(error_of(this->log_->replay(header_of(batch), batch)), Errc::corruption);
  EXPECT_THAT(message_of(this->log_->replay(header_of(batch), batch)),
              HasSubstr("journal goes on at offset 5, the segments end at 3"));
}

TYPED_TEST(PartitionLogTest, ReplayRemembersProducers) {
  const Bytes batch = make_batch(Offset(0), this->stamped(0));
  this->log_->replay(header_of(batch), batch).value();
  EXPECT_TRUE(this->append(this->stamped(0))->duplicate);
}

TYPED_TEST(PartitionLogTest, ADeletedLogTakesAndGivesNothing) {
  this->commit(3);
  this->append().value();
  this->log_->close();
  EXPECT_EQ(error_of(this->append()), Errc::unknown_topic);
  EXPECT_EQ(error_of(this->read(0)), Errc::unknown_topic);
  EXPECT_EQ(error_of(this->log_->find_time(0, Offset(3))), Errc::unknown_topic);
  EXPECT_EQ(error_of(this->log_->advance_log_start(Offset(1))), Errc::unknown_topic);
  this->settle();
  EXPECT_EQ(this->log_->written_end(), Offset(3));
}

TYPED_TEST(PartitionLogTest, ADeletedLogHasNothingToMaintain) {
  this->configure({.retention_ms = 0, .retention_bytes = 0});
  this->commit(3);
  this->clock_.advance(std::chrono::seconds(1));
  this->log_->close();
  EXPECT_EQ(this->log_->retention_start(this->clock_.wall_ms()).value(), Offset(0));
  EXPECT_EQ(this->log_->size_bytes(), 0U);
  EXPECT_FALSE(this->log_->needs_sync());
  this->log_->remove_segments_before(this->log_->sync().value()).value();
}

TYPED_TEST(PartitionLogTest, ADeletedLogHoldsNoFilesAndNoProducersWhoeverHoldsIt) {
  CountingFileSystem counting(this->fs());
  this->config_.segment_bytes = 1;
  this->log_ =
      PartitionLog::open(this->environment_on(counting), this->directory(), {.log = this->kLog}, this->config_, true).value();
  this->commit(2);
  this->commit(1, this->stamped(0));
  EXPECT_GT(counting.open_now(), 0);
  EXPECT_EQ(this->producers_->remembered(), 1U);
  this->log_->close();
  EXPECT_EQ(counting.open_now(), 0);
  EXPECT_EQ(this->producers_->remembered(), 0U);
  this->log_ = nullptr;
}

class PartitionLogFaults : public LogFixture<FakeDisk> {
 protected:
  PartitionLogFaults() { open(); }
};

TEST_F(PartitionLogFaults, AGroupThatFoundTheDiskFullIsWrittenOnceThereIsRoom) {
  const BatchShape shape{.value_bytes = 20 << 10};
  configure({.segment_bytes = 50 << 10});
  for (int i = 0; i < 9; ++i) append(shape).value();
  journal_all();
  disk_.fs.set_space(120 << 10, 1 << 20);
  EXPECT_EQ(error_of(try_write()), Errc::storage_full);
  disk_.fs.set_space(1 << 20, 1 << 20);
  try_write().value();
  reopen();
  EXPECT_EQ(read_all(0), joined(make_batches(Offset(0), 9, shape)));
}

TEST_F(PartitionLogFaults, ARollThatFailedAnywhereIsTriedAgain) {
  configure({.segment_bytes = 1});
  commit(1);
  for (std::uint64_t operation = 0; operation < 6; ++operation) {
    append().value();
    journal_all();
    disk_.fs.fail_operation(operation, Errc::storage_full, false);
    if (const auto written = try_write(); written.has_error()) {
      EXPECT_EQ(error_of(written), Errc::storage_full) << operation;
      disk_.fs.clear_fault();
      try_write().value();
    }
    disk_.fs.clear_fault();
  }
  reopen();
  EXPECT_EQ(read_all(0), joined(make_batches(Offset(0), 7)));
}

}  // namespace
}  // namespace leat::storage
