#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "log_fixture.hpp"
#include "samples/counting_file_system.hpp"

namespace leat::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

template <class Disk>
class PartitionLogMaintenance : public LogFixture<Disk> {
 protected:
  PartitionLogMaintenance() {
    this->config_.segment_bytes = static_cast<std::int64_t>(4 * kBatchBytes);
    this->open();
  }
  void retain(std::int64_t milliseconds, std::int64_t bytes) {
    TopicConfig config = this->config_;
    config.retention_ms = milliseconds;
    config.retention_bytes = bytes;
    this->configure(config);
  }
  Offset retention_start() { return this->log_->retention_start(this->clock_.wall_ms()).value(); }
  /// What maintenance does when the log start moved: saves the point, then removes.
  void delete_before(std::int64_t offset) {
    this->log_->advance_log_start(Offset(offset)).value();
    this->log_->remove_segments_before(this->log_->sync().value()).value();
  }
  BatchShape now() const { return {.timestamp = this->clock_.wall_ms()}; }

  const std::size_t kBatchBytes = make_batch(Offset(0)).size();
};
TYPED_TEST_SUITE(PartitionLogMaintenance, Disks, DiskNames);

TYPED_TEST(PartitionLogMaintenance, SyncSaysWhereRecoveryMayBegin) {
  this->commit(9);
  this->append({.stamp = {ProducerId(7), 0, 0}}).value();
  this->settle();
  const RecoveryPoint point = this->log_->sync().value();
  EXPECT_EQ(point.log, this->kLog);
  EXPECT_EQ(point.offset, Offset(10));
  EXPECT_EQ(point.segment_base, Offset(8));
  EXPECT_EQ(point.position, 2 * this->kBatchBytes);
  EXPECT_EQ(point.log_start, Offset(0));
  ASSERT_THAT(point.producers, SizeIs(1));
  EXPECT_EQ(point.producers[0].id, ProducerId(7));
  EXPECT_EQ(this->log_->recovery_point(), point);
}

TYPED_TEST(PartitionLogMaintenance, ThePointCoversOnlyWhatIsWritten) {
  this->commit(2);
  this->append({.stamp = {ProducerId(7), 0, 0}}).value();
  const RecoveryPoint point = this->log_->sync().value();
  EXPECT_EQ(point.offset, Offset(2));
  EXPECT_TRUE(point.producers.empty());
}

TYPED_TEST(PartitionLogMaintenance, AForgottenProducerIsGoneFromThePointToo) {
  this->append({.stamp = {ProducerId(7), 0, 0}}).value();
  this->settle();
  this->log_->sync().value();
  this->log_->forget_producers_unused_since(this->clock_.wall_ms());
  EXPECT_THAT(this->log_->recovery_point().producers, SizeIs(1));
  this->log_->forget_producers_unused_since(this->clock_.wall_ms() + 1);
  EXPECT_TRUE(this->log_->recovery_point().producers.empty());
  EXPECT_EQ(this->producers_->remembered(), 0U);
  EXPECT_EQ(error_of(this->append({.stamp = {ProducerId(7), 0, 1}})), Errc::unknown_producer);
}

TYPED_TEST(PartitionLogMaintenance, AForgottenProducerIsStillNotNewAfterReopening) {
  this->append({.stamp = {ProducerId(7), 0, 0}}).value();
  this->settle();
  this->log_->sync().value();
  this->log_->forget_producers_unused_since(this->clock_.wall_ms() + 1);
  EXPECT_FALSE(this->log_->needs_sync());  // then a checkpoint takes the point as it is
  this->open(this->log_->recovery_point());
  EXPECT_EQ(error_of(this->append({.stamp = {ProducerId(7), 0, 0}})), Errc::unknown_producer);
  this->reopen();
  EXPECT_EQ(error_of(this->append({.stamp = {ProducerId(7), 0, 0}})), Errc::unknown_producer);
  EXPECT_EQ(this->append({.stamp = {ProducerId(8), 0, 0}})->base_offset, Offset(1));
}

TYPED_TEST(PartitionLogMaintenance, DeletedRecordsLeaveTheirProducersKnown) {
  this->append({.stamp = {ProducerId(7), 0, 0}}).value();
  this->settle();
  this->log_->advance_log_start(Offset(1)).value();
  this->reopen();
  EXPECT_TRUE(this->append({.stamp = {ProducerId(7), 0, 0}})->duplicate);
  EXPECT_EQ(this->append({.stamp = {ProducerId(7), 0, 1}})->base_offset, Offset(1));
}

TYPED_TEST(PartitionLogMaintenance, ALogNeedsASyncWhenSomethingChanged) {
  EXPECT_TRUE(this->log_->needs_sync());
  this->log_->sync().value();
  EXPECT_FALSE(this->log_->needs_sync());
  this->commit(1);
  EXPECT_TRUE(this->log_->needs_sync());
  this->log_->sync().value();
  this->log_->advance_log_start(Offset(1)).value();
  EXPECT_TRUE(this->log_->needs_sync());
  this->log_->sync().value();
  EXPECT_FALSE(this->log_->needs_sync());
}

TYPED_TEST(PartitionLogMaintenance, SyncedBatchesAreDurableWithoutTheJournal) {
  TopicConfig config = this->config_;
  config.durability = Durability::os;
  this->configure(config);
  this->append().value();
  this->write_all();
  EXPECT_EQ(this->log_->durable_end(), Offset(0));
  this->log_->sync().value();
  EXPECT_EQ(this->log_->durable_end(), Offset(1));
}

TYPED_TEST(PartitionLogMaintenance, ASyncWithoutADescriptorToBeHadIsDoneLater) {
  CountingFileSystem counting(this->fs());
  const LogEnvironment environment = this->environment_on(counting);
  this->log_ = PartitionLog::open(environment, this->directory(), {.log = this->kLog}, this->config_, true).value();
  this->commit(2);
  for (int looks = 0; looks < 3; ++looks) environment.files->close_unused();
  ASSERT_EQ(counting.open_now(), 0);
  counting.refuses_opens = true;
  EXPECT_EQ(error_of(this->log_->sync()), Errc::storage_full);
  EXPECT_TRUE(this->log_->needs_sync());
  EXPECT_EQ(this->log_->recovery_point().offset, Offset(0));
  counting.refuses_opens = false;
  const int opened = counting.opened();
  EXPECT_EQ(this->log_->sync().value().offset, Offset(2));
  EXPECT_GT(counting.opened(), opened) << "to see that the file has what was written";
  EXPECT_FALSE(this->log_->needs_sync());
  this->log_.reset();
}

TYPED_TEST(PartitionLogMaintenance, NothingIsDeletedUnlessAskedFor) {
  this->commit(10);
  this->clock_.advance(std::chrono::hours(10'000));
  EXPECT_EQ(this->retention_start(), Offset(0));
}

TYPED_TEST(PartitionLogMaintenance, RetentionBySizeKeepsAtLeastSoMuch) {
  this->commit(10);  // segments of 4, 4 and 2
  const auto batches = static_cast<std::int64_t>(this->kBatchBytes);
  const auto start_with = [&](std::int64_t bytes) {
    this->retain(-1, bytes);
    return this->retention_start().value();
  };
  EXPECT_EQ(start_with(10 * batches), 0);
  EXPECT_EQ(start_with(6 * batches + 1), 0);
  EXPECT_EQ(start_with(6 * batches), 4);
  EXPECT_EQ(start_with(2 * batches), 8);
  EXPECT_EQ(start_with(0), 8);
}

TYPED_TEST(PartitionLogMaintenance, RetentionByTimeDeletesSegmentsWithoutAYoungRecord) {
  this->commit(4, this->now());
  this->clock_.advance(std::chrono::seconds(10));
  this->commit(4, this->now());
  this->commit(1, this->now());
  this->retain(10'000, -1);
  EXPECT_EQ(this->retention_start(), Offset(0));
  this->clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(this->retention_start(), Offset(4));
}

TYPED_TEST(PartitionLogMaintenance, ARecordFromTheFarFutureExpiresLikeAnyOther) {
  this->commit(1, {.timestamp = std::numeric_limits<TimestampMs>::max()});
  this->commit(4);
  this->retain(1000, -1);
  EXPECT_EQ(this->retention_start(), Offset(0));
  this->clock_.advance(std::chrono::milliseconds(1001));
  EXPECT_EQ(this->retention_start(), Offset(5));
}

TYPED_TEST(PartitionLogMaintenance, EventsOfLongAgoAreKeptFromWhenTheyWereAppended) {
  this->commit(5, {.timestamp = 5});
  this->retain(1000, -1);
  this->clock_.advance(std::chrono::milliseconds(1000));
  EXPECT_EQ(this->retention_start(), Offset(0));
  this->clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(this->retention_start(), Offset(5));
}

TYPED_TEST(PartitionLogMaintenance, AnExpiredActiveSegmentIsRolledAndDeletedToo) {
  this->commit(6, this->now());
  this->retain(1000, -1);
  this->clock_.advance(std::chrono::milliseconds(1001));
  EXPECT_EQ(this->retention_start(), Offset(6));
  this->delete_before(6);
  EXPECT_THAT(this->segment_files(), ElementsAre("00000000000000000006.log"));
  EXPECT_EQ(this->log_->size_bytes(), 0U);
  EXPECT_EQ(this->append()->base_offset, Offset(6));
}

TYPED_TEST(PartitionLogMaintenance, AnEmptyActiveSegmentIsNotRolledAgain) {
  this->commit(6, this->now());
  this->retain(1000, -1);
  this->clock_.advance(std::chrono::milliseconds(1001));
  this->retention_start();
  this->retention_start();
  EXPECT_THAT(this->segment_files(), SizeIs(3));
}

TYPED_TEST(PartitionLogMaintenance, WhatIsNotDurableYetIsNotDeleted) {
  this->commit(2, this->now());
  this->append(this->now()).value();
  const auto group = this->queue_.take_for_journal();
  this->write_all();
  this->retain(0, -1);
  this->clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(this->retention_start(), Offset(2));
  this->queue_.done(*group);
}

TYPED_TEST(PartitionLogMaintenance, TheLogStartMovesForwardOnly) {
  this->commit(5);
  EXPECT_TRUE(this->log_->advance_log_start(Offset(3)).value());
  EXPECT_FALSE(this->log_->advance_log_start(Offset(3)).value());
  EXPECT_FALSE(this->log_->advance_log_start(Offset(2)).value());
  EXPECT_EQ(this->log_->log_start(), Offset(3));
}

TYPED_TEST(PartitionLogMaintenance, TheLogStartStaysWithinWhatIsVisible) {
  this->commit(5);
  this->append().value();
  EXPECT_EQ(error_of(this->log_->advance_log_start(Offset(6))), Errc::offset_out_of_range);
  EXPECT_THAT(message_of(this->log_->advance_log_start(Offset(6))), HasSubstr("offset 6 is beyond the high watermark 5"));
}

TYPED_TEST(PartitionLogMaintenance, SegmentsAreRemovedOnceTheLogStartIsSaved) {
  this->commit(10);
  const RecoveryPoint before = this->log_->sync().value();
  this->log_->advance_log_start(Offset(5)).value();
  this->log_->remove_segments_before(before).value();
  EXPECT_THAT(this->segment_files(), SizeIs(3));
  this->log_->remove_segments_before(this->log_->sync().value()).value();
  EXPECT_THAT(this->segment_files(), ElementsAre("00000000000000000004.log", "00000000000000000008.log"));
  EXPECT_FALSE(this->fs().exists(this->directory() / "00000000000000000000.index").value());
}

TYPED_TEST(PartitionLogMaintenance, TheActiveSegmentStaysWhateverIsDeleted) {
  this->commit(10);
  this->delete_before(10);
  EXPECT_THAT(this->segment_files(), ElementsAre("00000000000000000008.log"));
  this->commit(1);
  EXPECT_EQ(this->read_all(10), make_batch(Offset(10)));
}

TYPED_TEST(PartitionLogMaintenance, DeletedRecordsStayDeletedAfterReopening) {
  this->commit(10);
  this->delete_before(7);
  this->reopen();
  EXPECT_EQ(this->log_->log_start(), Offset(7));
  EXPECT_EQ(error_of(this->read(6)), Errc::offset_out_of_range);
  EXPECT_EQ(header_of(this->read(7, 1)->chunks[0].span()).base_offset, Offset(7));
}

class PartitionLogRemoval : public PartitionLogMaintenance<FakeDisk> {
 protected:
  std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : fs().list(directory()).value()) names.push_back(entry.name);
    std::ranges::sort(names);
    return names;
  }
  /// Two sealed segments that the saved log start no longer needs, and an active one.
  RecoveryPoint with_two_expired() {
    commit(9);
    log_->advance_log_start(Offset(8)).value();
    return log_->sync().value();
  }
  static constexpr auto kActive = "00000000000000000008.log";
};

TEST_F(PartitionLogRemoval, AnIndexGoesBeforeItsSegment) {
  const RecoveryPoint point = with_two_expired();
  disk_.fs.fail_operation(1, Errc::io_error, false);
  EXPECT_EQ(error_of(log_->remove_segments_before(point)), Errc::io_error);
  EXPECT_THAT(files(), ElementsAre("00000000000000000000.log", kActive));
}

TEST_F(PartitionLogRemoval, WhatCouldNotBeRemovedKeepsNothingElseAndIsTriedAgain) {
  const RecoveryPoint point = with_two_expired();
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(error_of(log_->remove_segments_before(point)), Errc::io_error);
  EXPECT_THAT(files(), ElementsAre("00000000000000000000.index", "00000000000000000000.log", kActive));
  log_->remove_segments_before(log_->sync().value()).value();
  EXPECT_THAT(files(), ElementsAre(kActive));
}

class PartitionLogRestart : public PartitionLogMaintenance<FakeDisk> {
 protected:
  PartitionLogRestart() { disk_.fs.set_clock(clock_); }
};

TEST_F(PartitionLogRestart, SegmentsAreAsOldAsBefore) {
  commit(5);
  clock_.advance(std::chrono::milliseconds(600));
  reopen();
  retain(1000, -1);
  clock_.advance(std::chrono::milliseconds(400));
  EXPECT_EQ(retention_start(), Offset(0));
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(retention_start(), Offset(5));
}

TEST_F(PartitionLogRestart, ASegmentFromTheFutureIsAsOldAsTheStart) {
  clock_.jump_wall(std::chrono::hours(1000));
  commit(5);
  clock_.jump_wall(-std::chrono::hours(1000));
  reopen();
  retain(1000, -1);
  clock_.advance(std::chrono::milliseconds(1001));
  EXPECT_EQ(retention_start(), Offset(5));
}

class PartitionLogPowerLoss : public PartitionLogMaintenance<FakeDisk> {
 protected:
  /// The log as it is found after a power loss that spares what the seed draws.
  std::shared_ptr<PartitionLog> after_power_loss(std::uint64_t seed, const RecoveryPoint& point) {
    found_ = disk_.fs.crash(simulation::CrashChoice::random(seed));
    return PartitionLog::open(environment_on(*found_), directory(), point, config_, true).value();
  }
  Bytes read_all_of(PartitionLog& log) {
    Bytes bytes;
    ReadHint hint;
    for (Offset from = log.log_start(); from < log.next_offset();) {
      const auto batches = log.read(from, log.next_offset(), kUnlimited, ReadMode::blocking, hint).value();
      for (const SharedBytes& chunk : batches.chunks) bytes.insert(bytes.end(), chunk.span().begin(), chunk.span().end());
      from = batches.next_offset;
    }
    return bytes;
  }

  std::unique_ptr<simulation::SimulatedDisk> found_;
};

TEST_F(PartitionLogPowerLoss, WhatThePointCoversSurvivesAndWhatIsBehindItMay) {
  fs().sync_directory("/").value();
  fs().sync_directory(FakeDisk::root()).value();
  commit(21);
  const RecoveryPoint point = log_->sync().value();
  commit(9);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto log = after_power_loss(seed, point);
    EXPECT_GE(log->next_offset(), Offset(21)) << "seed " << seed;
    EXPECT_LE(log->next_offset(), Offset(30)) << "seed " << seed;
    EXPECT_EQ(read_all_of(*log), joined(make_batches(Offset(0), static_cast<int>(log->next_offset().value()))))
        << "seed " << seed;
  }
}

TEST_F(PartitionLogPowerLoss, ASecondLossAfterARecoveryLosesNothingEither) {
  fs().sync_directory("/").value();
  fs().sync_directory(FakeDisk::root()).value();
  commit(21);
  RecoveryPoint point = log_->sync().value();
  commit(9);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto first = after_power_loss(seed, point);
    const RecoveryPoint again = first->sync().value();
    const auto disk = found_->crash(simulation::CrashChoice::random(seed + 1000));
    const auto second = PartitionLog::open(environment_on(*disk), directory(), again, config_, true);
    ASSERT_TRUE(second) << "seed " << seed << ": " << message_of(second);
    EXPECT_EQ((*second)->next_offset(), first->next_offset()) << "seed " << seed;
    EXPECT_EQ(read_all_of(**second), read_all_of(*first)) << "seed " << seed;
  }
}

TEST_F(PartitionLogPowerLoss, AFailedSyncIsAnErrorAndMovesNoPoint) {
  const RecoveryPoint before = log_->sync().value();
  commit(3);
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(error_of(log_->sync()), Errc::io_error);
  EXPECT_EQ(log_->recovery_point(), before);
}

}  // namespace
}  // namespace leat::storage
