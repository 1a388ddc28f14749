#include "storage/log/producer_table.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "samples/batches.hpp"

namespace leat::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int32_t kSequenceMax = std::numeric_limits<std::int32_t>::max();
constexpr ProducerId kProducer{7};

class ProducerTableTest : public testing::Test {
 protected:
  static record::BatchHeader batch(std::int32_t base_sequence, std::int32_t records = 1, std::int16_t epoch = 0,
                                   ProducerId id = kProducer) {
    record::BatchHeader header;
    header.producer_id = id;
    header.producer_epoch = epoch;
    header.base_sequence = base_sequence;
    header.last_offset_delta = records - 1;
    header.record_count = records;
    return header;
  }
  /// Batches of ten records with sequences and offsets from 0 on.
  void record_batches(std::size_t count) {
    for (int i = 0; i < static_cast<int>(count); ++i) table_.record(batch(10 * i, 10), Offset(10 * i), now_ms_);
  }
  std::vector<ProducerId> known() const {
    std::vector<ProducerId> ids;
    for (const ProducerState& producer : table_.snapshot(Offset(1'000'000))) ids.push_back(producer.id);
    return ids;
  }
  void expect_new(const record::BatchHeader& header) { EXPECT_EQ(table_.check(header).value(), std::nullopt); }
  void expect_error(const record::BatchHeader& header, Errc code) { EXPECT_EQ(error_of(table_.check(header)), code); }

  static std::shared_ptr<ProducerRegistry> registry(std::size_t remembered_max) {
    auto registry = std::make_shared<ProducerRegistry>(remembered_max);
    registry->set_next_id(ProducerId(100));
    return registry;
  }

  std::shared_ptr<ProducerRegistry> registry_ = registry(10);
  ProducerTable table_{registry_};
  TimestampMs now_ms_ = 1'700'000'000'000;
};

TEST_F(ProducerTableTest, AnUnknownProducerBeginsAtZero) {
  expect_new(batch(0));
  expect_new(batch(0, 1, 3));
  expect_error(batch(4711), Errc::unknown_producer);
  EXPECT_THAT(message_of(table_.check(batch(1))), HasSubstr("producer 7 epoch 0 sequence 1, nothing is remembered"));
}

TEST_F(ProducerTableTest, AnIdThatWasNeverGivenAwayIsUnknown) {
  expect_new(batch(0, 1, 0, ProducerId(99)));
  expect_error(batch(0, 1, 0, ProducerId(100)), Errc::unknown_producer);
  EXPECT_THAT(message_of(table_.check(batch(0, 1, 0, ProducerId(100)))), HasSubstr("given away no such id"));
}

TEST_F(ProducerTableTest, TheNextBatchFollowsWithoutAGap) {
  record_batches(3);
  expect_new(batch(30, 10));
  expect_new(batch(30, 1));
}

TEST_F(ProducerTableTest, TheLastTenBatchesAreKnownAgain) {
  record_batches(12);
  for (int i = 2; i < 12; ++i) EXPECT_EQ(table_.check(batch(10 * i, 10)).value(), Offset(10 * i)) << i;
}

TEST_F(ProducerTableTest, WhatCameLongBeforeIsOutOfOrder) {
  record_batches(ProducerState::kBatchesMax + 1);
  expect_error(batch(0, 10), Errc::out_of_order_sequence);
}

TEST_F(ProducerTableTest, ABatchCutDifferentlyIsNoRepetition) {
  record_batches(3);
  expect_error(batch(20, 9), Errc::out_of_order_sequence);
  expect_error(batch(21, 9), Errc::out_of_order_sequence);
}

TEST_F(ProducerTableTest, AGapIsOutOfOrderAndSaysWhatWasExpected) {
  record_batches(3);
  expect_error(batch(31), Errc::out_of_order_sequence);
  EXPECT_THAT(message_of(table_.check(batch(31))), HasSubstr("producer 7 epoch 0 sequence 31, expected 30"));
}

TEST_F(ProducerTableTest, ANewEpochBeginsAtZero) {
  record_batches(3);
  expect_new(batch(0, 1, 1));
  expect_error(batch(30, 1, 1), Errc::out_of_order_sequence);
}

TEST_F(ProducerTableTest, AnOldEpochIsFenced) {
  record_batches(3);
  table_.record(batch(0, 1, 1), Offset(30), now_ms_);
  expect_error(batch(30, 1, 0), Errc::producer_fenced);
  EXPECT_THAT(message_of(table_.check(batch(30, 1, 0))), HasSubstr("the current epoch is 1"));
}

TEST_F(ProducerTableTest, ANewEpochForgetsTheBatchesOfTheOld) {
  record_batches(1);
  table_.record(batch(0, 5, 1), Offset(10), now_ms_);
  expect_error(batch(0, 10, 1), Errc::out_of_order_sequence);
  EXPECT_EQ(table_.check(batch(0, 5, 1)).value(), Offset(10));
}

TEST_F(ProducerTableTest, SequencesGoOnAtZeroAfterTheLargest) {
  table_.record(batch(kSequenceMax - 4, 5), Offset(0), now_ms_);
  expect_new(batch(0));
  expect_error(batch(1), Errc::out_of_order_sequence);
}

TEST_F(ProducerTableTest, ABatchMayReachAcrossTheLargestSequence) {
  table_.record(batch(kSequenceMax - 1, 5), Offset(0), now_ms_);
  EXPECT_EQ(table_.check(batch(kSequenceMax - 1, 5)).value(), Offset(0));
  expect_new(batch(3));
}

TEST_F(ProducerTableTest, ProducersAreApart) {
  record_batches(3);
  expect_new(batch(0, 1, 0, ProducerId(8)));
}

TEST_F(ProducerTableTest, BeyondTheMaximumANewOneWaitsAndNoneIsForgotten) {
  for (std::int64_t id = 0; id < 10; ++id) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  expect_error(batch(0, 1, 0, ProducerId(50)), Errc::overloaded);
  expect_error(batch(7, 1, 0, ProducerId(50)), Errc::unknown_producer);
  for (std::int64_t id = 0; id < 10; ++id) expect_new(batch(1, 1, 0, ProducerId(id)));
}

TEST_F(ProducerTableTest, WhoMakesRoomLetsANewOneIn) {
  for (std::int64_t id = 0; id < 10; ++id) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  EXPECT_EQ(table_.forget_unused_since(now_ms_, 1), 1U);
  expect_new(batch(0, 1, 0, ProducerId(50)));
  expect_error(batch(1, 1, 0, ProducerId(0)), Errc::unknown_producer);
  expect_new(batch(1, 1, 0, ProducerId(1)));
}

TEST_F(ProducerTableTest, TheMaximumIsOfAllTablesTogether) {
  ProducerTable other(registry_);
  for (std::int64_t id = 0; id < 10; ++id) other.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  expect_error(batch(0, 1, 0, ProducerId(20)), Errc::overloaded);
}

TEST_F(ProducerTableTest, WhatRecoveryFindsIsRememberedWhateverTheMaximum) {
  for (std::int64_t id = 0; id < 20; ++id) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  EXPECT_EQ(table_.size(), 20U);
}

TEST_F(ProducerTableTest, ATableThatGoesGivesItsPlacesBack) {
  {
    ProducerTable other(registry_);
    other.record(batch(0), Offset(0), now_ms_);
    const ProducerTable moved(std::move(other));
    EXPECT_EQ(registry_->remembered(), 1U);
  }
  EXPECT_EQ(registry_->remembered(), 0U);
}

TEST_F(ProducerTableTest, ASnapshotLeavesOutWhatLiesBehindItsEnd) {
  record_batches(ProducerState::kBatchesMax + 1);
  const auto snapshot = table_.snapshot(Offset(50));
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_THAT(snapshot[0].batches,
              ElementsAre(ProducerState::Batch{10, 19, Offset(10)}, ProducerState::Batch{20, 29, Offset(20)},
                          ProducerState::Batch{30, 39, Offset(30)}, ProducerState::Batch{40, 49, Offset(40)}));
}

TEST_F(ProducerTableTest, ASnapshotLeavesOutProducersOfWhichNothingIsLeft) {
  record_batches(ProducerState::kBatchesMax + 1);
  EXPECT_TRUE(table_.snapshot(Offset(10)).empty());
}

TEST_F(ProducerTableTest, ASnapshotKnowsAProducerBehindAllThatItMayHaveInFlight) {
  record_batches(2 + ProducerState::kInFlightMax);
  const auto snapshot = table_.snapshot(Offset(20));
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_THAT(snapshot[0].batches, ElementsAre(ProducerState::Batch{10, 19, Offset(10)}));
}

TEST_F(ProducerTableTest, ForgetsWhatWasNotUsedSince) {
  record_batches(1);
  table_.record(batch(0, 1, 0, ProducerId(8)), Offset(10), now_ms_ + 1);
  table_.forget_unused_since(now_ms_);
  EXPECT_THAT(known(), ElementsAre(kProducer, ProducerId(8)));
  table_.forget_unused_since(now_ms_ + 1);
  EXPECT_THAT(known(), ElementsAre(ProducerId(8)));
  EXPECT_EQ(registry_->remembered(), 1U);
}

TEST_F(ProducerTableTest, WhoMadeRoomIsNotTakenForNew) {
  for (std::int64_t id = 20; id < 30; ++id) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(id), now_ms_);
  table_.forget_unused_since(now_ms_, 1);
  expect_error(batch(0, 1, 0, ProducerId(20)), Errc::unknown_producer);
  EXPECT_THAT(message_of(table_.check(batch(0, 1, 0, ProducerId(20)))), HasSubstr("may have been forgotten"));
  EXPECT_EQ(table_.check(batch(0, 1, 0, ProducerId(21))).value(), Offset(21));
  expect_new(batch(0, 1, 0, ProducerId(31)));
}

TEST_F(ProducerTableTest, WhoWasNotUsedForLongIsNotTakenForNew) {
  record_batches(1);
  table_.forget_unused_since(now_ms_ + 1);
  expect_error(batch(0, 10), Errc::unknown_producer);
  expect_error(batch(0, 1, 1), Errc::unknown_producer);
  expect_new(batch(0, 1, 0, ProducerId(8)));
}

TEST_F(ProducerTableTest, ForgettingAnOlderIdChangesNothingForTheNewer) {
  for (std::int64_t id : {9, 3}) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  table_.forget_unused_since(now_ms_ + 1);
  expect_error(batch(0, 1, 0, ProducerId(9)), Errc::unknown_producer);
}

TEST_F(ProducerTableTest, ARestoredTableGoesOnWhereTheSnapshotWas) {
  record_batches(7);
  auto snapshot = table_.snapshot(Offset(1000));
  ProducerTable other(registry(10));
  other.record(batch(0, 1, 0, ProducerId(9)), Offset(0), now_ms_);
  other.restore(std::move(snapshot), ProducerId(0));
  EXPECT_EQ(other.size(), 1U);
  EXPECT_EQ(other.check(batch(20, 10)).value(), Offset(20));
  EXPECT_EQ(error_of(other.check(batch(71))), Errc::out_of_order_sequence);
}

TEST_F(ProducerTableTest, ARestoredTableKnowsWhomTheOtherForgot) {
  record_batches(1);
  table_.forget_unused_since(now_ms_ + 1);
  EXPECT_EQ(table_.forgotten_below(), ProducerId(8));
  ProducerTable other(registry(10));
  other.record(batch(0, 1, 0, ProducerId(50)), Offset(0), now_ms_);
  other.restore(table_.snapshot(Offset(1000)), table_.forgotten_below());
  EXPECT_EQ(error_of(other.check(batch(0, 10))), Errc::unknown_producer);
  EXPECT_EQ(other.check(batch(0, 1, 0, ProducerId(8))).value(), std::nullopt);
}

TEST_F(ProducerTableTest, AClockSetBackKeepsNobodyFromBeingForgotten) {
  table_.record(batch(0, 1, 0, ProducerId(1)), Offset(0), now_ms_);
  table_.record(batch(0, 1, 0, ProducerId(2)), Offset(1), now_ms_ - 3'600'000);
  EXPECT_EQ(table_.forget_unused_since(now_ms_, 1), 1U);
  EXPECT_THAT(known(), ElementsAre(ProducerId(2)));
}

TEST_F(ProducerTableTest, ARestoredTableForgetsInTheSameOrder) {
  for (std::int64_t id : {3, 1, 2}) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  table_.record(batch(1, 1, 0, ProducerId(3)), Offset(1), now_ms_);
  ProducerTable other(registry(10));
  other.restore(table_.snapshot(Offset(1000)), ProducerId(0));
  table_.restore(other.snapshot(Offset(1000)), ProducerId(0));
  EXPECT_THAT(known(), ElementsAre(ProducerId(1), ProducerId(2), ProducerId(3)));
}

}  // namespace
}  // namespace leat::storage
