// One suite over both disks. What crashes and faults do to a store is tests/simulation's, what Store::open makes of its options
// is store_open_test's.
#include "samples/counting_file_system.hpp"
#include "store_fixture.hpp"

namespace leat::storage {
namespace {

using simulation::check_contents;
using simulation::ModelLog;
using simulation::SentBatch;

template <class Disk>
class StoreTest : public StoreFixture<Disk> {};
TYPED_TEST_SUITE(StoreTest, Disks, DiskNames);

TYPED_TEST(StoreTest, ACreatedTopicIsDescribed) {
  this->create("orders", 3, {{"retention.ms", "1000"}});
  const Topic topic = this->store_->topic("orders").value();
  EXPECT_EQ(topic.logs.size(), 3U);
  EXPECT_EQ(topic.config.retention_ms, 1000);
  EXPECT_EQ(this->store_->topics().size(), 1U);
}

TYPED_TEST(StoreTest, TopicsAreRefusedForTheirNameTheirSizeOrBecauseTheyExist) {
  this->create();
  EXPECT_EQ(error_of(this->store_->create_topic("orders", 1, {})), Errc::topic_exists);
  EXPECT_EQ(error_of(this->store_->create_topic("a/b", 1, {})), Errc::invalid_topic_name);
  EXPECT_EQ(error_of(this->store_->create_topic("none", 0, {})), Errc::invalid_argument);
  EXPECT_EQ(error_of(this->store_->create_topic("huge", 20'000, {})), Errc::limit_reached);
  EXPECT_EQ(error_of(this->store_->create_topic("wide", 1, {{"max.message.bytes", "1000000"}})), Errc::invalid_argument);
  EXPECT_EQ(error_of(this->store_->topic("none")), Errc::unknown_topic);
}

TYPED_TEST(StoreTest, ABatchIsVisibleOnceTheJournalHasIt) {
  this->create();
  this->send(this->next_batch()).value();
  this->expect_intact(Offset(0));
  ASSERT_NE(this->store_->journal_one().value(), nullptr);
  this->expect_intact(Offset(2));  // from memory: no segment has it yet
  EXPECT_EQ(this->log().written_end(), Offset(0));
}

TYPED_TEST(StoreTest, WithoutDurabilityABatchIsVisibleOnceItIsWritten) {
  this->create("orders", 1, {{"durability", "os"}});
  this->send(this->next_batch()).value();
  EXPECT_EQ(this->store_->journal_one().value(), nullptr);
  ASSERT_NE(this->store_->write_one().value(), nullptr);
  this->expect_intact(Offset(2));
  EXPECT_EQ(this->log().durable_end(), Offset(0));
  this->store_->checkpoint().value();
  EXPECT_EQ(this->log().durable_end(), Offset(2));
}

TYPED_TEST(StoreTest, WhatLeftMemoryIsReadFromTheFiles) {
  this->create();
  this->publish(60);
  this->expect_intact(Offset(120));
  EXPECT_GT(this->segments(), 5U);
}

TYPED_TEST(StoreTest, ABatchLargerThanASegmentOrAGroupHasOneOfItsOwn) {
  this->create("orders", 1, {{"segment.bytes", "1024"}});
  this->publish(5, 3000);
  this->expect_intact(Offset(10));
  EXPECT_EQ(this->segments(), 5U);
}

TYPED_TEST(StoreTest, RetentionBySizeRemovesWholeSegments) {
  this->create("orders", 1, {{"retention.bytes", "8000"}});
  this->publish(40);
  const std::size_t before = this->segments();
  this->store_->enforce_retention().value();
  EXPECT_LT(this->segments(), before);
  EXPECT_GE(this->log().size_bytes(), 8000U);
  EXPECT_GT(this->log().log_start(), Offset(0));
  this->expect_intact(Offset(80));
}

TYPED_TEST(StoreTest, RetentionByTimeRemovesEverythingThatIsOldEnough) {
  this->create("orders", 1, {{"retention.ms", "60000"}});
  this->publish(10);
  this->store_->enforce_retention().value();
  EXPECT_EQ(this->log().log_start(), Offset(0));
  this->clock_.advance(std::chrono::minutes(2));
  this->store_->enforce_retention().value();
  EXPECT_EQ(this->log().log_start(), Offset(20));
  EXPECT_EQ(this->segments(), 1U);
}

TYPED_TEST(StoreTest, DeletedRecordsStayDeleted) {
  this->create();
  this->publish(40);
  EXPECT_EQ(this->store_->delete_records(this->log(), Offset(31)).value(), Offset(31));
  this->reopen_after_kill();
  EXPECT_EQ(this->log().log_start(), Offset(31));
  EXPECT_EQ(error_of(this->store_->delete_records(this->log(), Offset(81))), Errc::offset_out_of_range);
  ReadHint hint;
  EXPECT_EQ(error_of(this->log().read(Offset(30), Offset(80), 4096, ReadMode::blocking, hint)), Errc::offset_out_of_range);
  this->expect_intact(Offset(80));
}

TYPED_TEST(StoreTest, TheFirstRecordOfATimeIsFound) {
  this->create();
  for (const TimestampMs timestamp : {1000, 3000, 2000, 5000, 4000}) this->send(this->next_batch(300, timestamp)).value();
  this->drain();
  const auto offset_at = [this](TimestampMs timestamp) { return this->log().find_time(timestamp, Offset(10)).value(); };
  EXPECT_EQ(offset_at(0)->offset, Offset(0));
  EXPECT_EQ(offset_at(1001)->offset, Offset(1));
  EXPECT_EQ(offset_at(2000)->offset, Offset(2));
  EXPECT_EQ(offset_at(3002)->offset, Offset(6));
  EXPECT_FALSE(offset_at(5002));
}

TYPED_TEST(StoreTest, AlteringAddsPartitionsAndChangesSettings) {
  this->create("orders", 2, {{"retention.ms", "1000"}});
  const Topic altered = this->store_->alter_topic("orders", 3, {{"retention.ms", ""}, {"segment.bytes", "2048"}}).value();
  EXPECT_EQ(altered.logs.size(), 3U);
  EXPECT_EQ(altered.config.retention_ms, -1);
  EXPECT_EQ(altered.config.segment_bytes, 2048);
  EXPECT_EQ(error_of(this->store_->alter_topic("orders", 2, {})), Errc::invalid_argument);
  this->reopen_after_kill();
  EXPECT_EQ(this->store_->topic("orders")->config, altered.config);
}

TYPED_TEST(StoreTest, DurabilityChangesBackAndForthWithNothingLost) {
  this->create();
  for (const char* durability : {"os", "durable", "os", "durable"}) {
    this->publish(3);
    (void)this->store_->alter_topic("orders", 0, {{"durability", durability}}).value();
  }
  this->publish(3);
  this->reopen_after_kill();
  this->expect_intact(Offset(30));
}

TYPED_TEST(StoreTest, ADeletedTopicIsGoneAndItsNameFree) {
  this->create();
  this->publish(3);
  const Path directory = this->log().directory();
  this->store_->delete_topic("orders").value();
  EXPECT_FALSE(this->disk_.fs.exists(directory).value());
  EXPECT_EQ(error_of(this->store_->delete_topic("orders")), Errc::unknown_topic);
  this->create();
  this->reopen_after_kill();
  EXPECT_EQ(this->log().high_watermark(), Offset(0));
  EXPECT_TRUE(this->store_->recovery_report().quarantined.empty());
}

TYPED_TEST(StoreTest, ADeletedLogTakesNothingMore) {
  this->create();
  const auto log = this->store_->topic("orders")->logs[0];
  this->store_->delete_topic("orders").value();
  EXPECT_EQ(error_of(simulation::send(*log, this->model_, this->next_batch())), Errc::unknown_topic);
}

TYPED_TEST(StoreTest, AnOrderlyRestartKeepsEverything) {
  this->create();
  this->publish(30);
  this->send(this->next_batch()).value();  // close() brings it to the disk
  this->reopen_after_close();
  this->expect_intact(Offset(62));
  EXPECT_EQ(this->store_->recovery_report().groups_replayed, 0U);
  this->publish(5);
  this->expect_intact(Offset(72));
}

TYPED_TEST(StoreTest, AKilledProcessLeavesWhatTheJournalHas) {
  this->create();
  this->publish(2);
  this->send(this->next_batch()).value();
  this->store_->journal_one().value();
  this->reopen_after_kill();
  this->expect_intact(Offset(6));
  EXPECT_EQ(this->store_->recovery_report().batches_replayed, 1U);
}

TYPED_TEST(StoreTest, RepeatedBatchesAreKnownAfterARestart) {
  this->create();
  this->publish(4);
  this->reopen_after_kill();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(this->send(this->model_.batches[i].sent).value());
  this->reopen_after_close();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(this->send(this->model_.batches[i].sent).value());
  EXPECT_FALSE(this->send(this->next_batch()).value());
}

TYPED_TEST(StoreTest, ProducerIdsAreNeverGivenAwayTwice) {
  const ProducerId first = this->store_->allocate_producer_id().value();
  EXPECT_GT(this->store_->allocate_producer_id().value(), first);
  const ProducerId last = this->store_->allocate_producer_id().value();
  this->reopen_after_kill();
  EXPECT_GT(this->store_->allocate_producer_id().value(), last);
}

TYPED_TEST(StoreTest, AnIdIsUnknownUntilItIsGivenAway) {
  this->create();
  SentBatch batch = this->next_batch();
  batch.producer = ProducerId(2);
  EXPECT_EQ(error_of(this->send(batch)), Errc::unknown_producer);
  EXPECT_EQ(this->store_->allocate_producer_id().value(), batch.producer);
  EXPECT_FALSE(this->send(batch).value());
}

TYPED_TEST(StoreTest, AProducerIsForgottenAfterADayWithoutABatch) {
  this->create();
  this->publish(2);
  this->clock_.advance(std::chrono::hours(24));
  this->store_->checkpoint().value();
  EXPECT_TRUE(this->send(this->model_.batches[1].sent).value());
  this->clock_.advance(std::chrono::milliseconds(1));
  this->store_->checkpoint().value();
  EXPECT_EQ(error_of(this->send(this->model_.batches[1].sent)), Errc::unknown_producer);
  this->reopen_after_kill();
  EXPECT_EQ(error_of(this->send(this->next_batch())), Errc::unknown_producer);
  EXPECT_EQ(error_of(this->send(this->model_.batches[0].sent)), Errc::unknown_producer);  // begins at 0, and is no new one's
}

TYPED_TEST(StoreTest, AWallClockSetForwardMakesNoProducerForgotten) {
  this->create();
  this->publish(1);
  this->clock_.jump_wall(std::chrono::hours(100 * 24));
  this->store_->checkpoint().value();
  EXPECT_TRUE(this->send(this->model_.batches[0].sent).value());
}

TYPED_TEST(StoreTest, BeyondTheMaximumTheLeastRecentlyUsedProducersOfAllPartitionsAreForgotten) {
  this->options_.producers_max = 10;
  this->kill();
  this->open();
  const Topic topic = this->create("orders", 12);
  std::vector<ModelLog> models(topic.logs.size());
  const auto publish = [&](std::size_t partition, std::int32_t sequence) {
    this->clock_.advance(std::chrono::seconds(1));
    return simulation::send(*topic.logs[partition], models[partition], {kProducer, sequence, 1, 20, 1000, record::Codec::none});
  };
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (this->store_->wants_checkpoint()) this->store_->checkpoint().value();  // leaves nine
    publish(i, 0).value();
    this->drain();
  }
  this->store_->checkpoint().value();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(error_of(publish(i, 1)), Errc::unknown_producer) << i;
  for (std::size_t i = 3; i < models.size(); ++i) EXPECT_FALSE(publish(i, 1).value()) << i;
}

/// A store that remembers ten producers, which have all written to one partition, and an eleventh.
template <class Disk>
class StoreFullOfProducers : public StoreFixture<Disk> {
 protected:
  static constexpr std::int64_t kMax = 10;

  StoreFullOfProducers() {
    this->options_.producers_max = kMax;
    this->options_.journal.file_bytes = 256 << 10;  // no checkpoint but those the test asks for
    this->kill();
    this->open();
    this->create();
    first_ = this->store_->allocate_producer_id().value();
    for (std::int64_t i = 1; i < kMax; ++i) this->store_->allocate_producer_id().value();
    newcomer_ = this->store_->allocate_producer_id().value();
  }
  Result<bool> publish(ProducerId producer, std::int32_t sequence) {
    auto sent = this->send({producer, sequence, 1, 20, 1000, record::Codec::none});
    this->drain();
    return sent;
  }
  void publish_all(std::chrono::milliseconds apart) {
    for (std::int64_t i = 0; i < kMax; ++i, this->clock_.advance(apart)) publish(ProducerId(first_.value() + i), 0).value();
  }
  int remembered() {
    int count = 0;
    for (std::int64_t i = 0; i < kMax; ++i) count += this->publish(ProducerId(first_.value() + i), 1).has_value() ? 1 : 0;
    return count;
  }

  ProducerId first_;
  ProducerId newcomer_;
};
TYPED_TEST_SUITE(StoreFullOfProducers, Disks, DiskNames);

TYPED_TEST(StoreFullOfProducers, ANewOneWaitsAndNoneThatIsRememberedIsForgottenForIt) {
  this->publish_all(std::chrono::milliseconds(1));
  EXPECT_EQ(error_of(this->publish(this->newcomer_, 0)), Errc::overloaded);
  EXPECT_TRUE(this->store_->wants_checkpoint());
  EXPECT_EQ(this->remembered(), this->kMax);
}

TYPED_TEST(StoreFullOfProducers, ACheckpointMakesRoomForNewOnes) {
  this->publish_all(std::chrono::milliseconds(1));
  this->store_->checkpoint().value();
  EXPECT_FALSE(this->store_->wants_checkpoint());
  EXPECT_FALSE(this->publish(this->newcomer_, 0).value());
  EXPECT_EQ(error_of(this->publish(this->first_, 1)), Errc::unknown_producer);
  EXPECT_EQ(this->remembered(), this->kMax - 1);
}

TYPED_TEST(StoreFullOfProducers, ACheckpointMakesRoomAmongThoseThatWereUsedAtTheSameTime) {
  this->publish_all(std::chrono::milliseconds(0));
  this->store_->checkpoint().value();
  EXPECT_FALSE(this->publish(this->newcomer_, 0).value());
  EXPECT_EQ(this->remembered(), this->kMax - 1);
  this->reopen_after_kill();
  EXPECT_EQ(error_of(this->publish(this->first_, 1)), Errc::unknown_producer);
}

TYPED_TEST(StoreTest, PartitionsAtRestHoldNoDescriptor) {
  this->kill();
  CountingFileSystem counts(this->disk_.fs);
  this->options_.open_files_max = 64;
  this->store_ = Store::open(counts, this->clock_, this->random_, this->options_).value();
  const int journal_files = counts.open_now();
  for (int i = 0; i < 10; ++i) this->create("topic" + std::to_string(i));
  this->create("orders", 1, {{"segment.bytes", "1000000"}});
  this->publish(200, 500);  // enough for index entries
  for (int i = 0; i < 4; ++i) {
    this->store_->checkpoint().value();
    this->store_->close_unused_files();
  }
  EXPECT_EQ(counts.open_now(), journal_files);
  EXPECT_EQ(counts.closed_unsynced(), 0);
  this->expect_intact(Offset(400));
  this->kill();
}

TYPED_TEST(StoreTest, AFullQueueRefusesAndResumes) {
  this->create();
  while (this->send(this->next_batch()).has_value()) {
  }
  EXPECT_EQ(error_of(this->send(this->next_batch())), Errc::would_block);
  EXPECT_LE(this->store_->queue().queued_bytes(), this->options_.queue.queued_bytes_max);
  this->drain();
  EXPECT_FALSE(this->send(this->next_batch()).value());
}

TYPED_TEST(StoreTest, AFullJournalWaitsForACheckpoint) {
  this->create();
  Result<CommitGroupPtr> journaled = CommitGroupPtr();
  while (journaled.has_value()) {
    this->send(this->next_batch()).value();
    this->store_->prepare_journal().value();
    journaled = this->store_->journal_one();
    this->store_->write_one().value();
  }
  EXPECT_EQ(journaled.error().code, Errc::journal_full);
  this->store_->checkpoint().value();
  EXPECT_NE(this->store_->journal_one().value(), nullptr);
  this->expect_intact(this->model_.next_offset());
}

TYPED_TEST(StoreTest, AnOrderlyStopGetsByWithAFullJournal) {
  this->create();
  while (!this->store_->journal_one().has_error()) this->send(this->next_batch()).value();
  while (this->send(this->next_batch()).has_value()) {
  }
  this->reopen_after_close();
  this->expect_intact(this->model_.next_offset());
}

TYPED_TEST(StoreTest, NothingIsTakenAfterTheStop) {
  this->create();
  this->store_->close().value();
  EXPECT_EQ(error_of(this->send(this->next_batch())), Errc::shutting_down);
}

TYPED_TEST(StoreTest, ManyPartitionsShareAJournal) {
  const Topic topic = this->create("orders", 100);
  std::vector<ModelLog> models(topic.logs.size());
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < models.size(); ++i) {
      simulation::send(*topic.logs[i], models[i], {kProducer, round, 1, 20, 1000, record::Codec::none}).value();
      if (i % 20 == 19) this->drain();
    }
  }
  this->reopen_after_kill();
  for (std::size_t i = 0; i < models.size(); ++i) {
    EXPECT_TRUE(check_contents(this->log("orders", i), models[i], Offset(3), true).has_value()) << i;
  }
}

TYPED_TEST(StoreTest, FreeSpaceBelowTheReserveRefusesBatchesUntilThereIsRoom) {
  this->create();
  this->store_->check_space().value();
  this->store_->queue().set_full(FullReason::reserve, true);
  EXPECT_EQ(error_of(this->send(this->next_batch())), Errc::storage_full);
  this->store_->check_space().value();
  EXPECT_FALSE(this->send(this->next_batch()).value());
}

}  // namespace
}  // namespace leat::storage
