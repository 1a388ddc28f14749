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
  void record_batches(int count) {
    for (int i = 0; i < count; ++i) table_.record(batch(10 * i, 10), Offset(10 * i), now_ms_);
  }
  std::vector<ProducerId> known() const {
    std::vector<ProducerId> ids;
    for (const ProducerState& producer : table_.snapshot(Offset(1'000'000), now_ms_)) ids.push_back(producer.id);
    return ids;
  }
  void expect_new(const record::BatchHeader& header) { EXPECT_EQ(table_.check(header).value(), std::nullopt); }
  void expect_error(const record::BatchHeader& header, Errc code) { EXPECT_EQ(error_of(table_.check(header)), code); }

  ProducerTable table_;
  TimestampMs now_ms_ = 1'700'000'000'000;
};

TEST_F(ProducerTableTest, AnUnknownProducerMayBeginAnywhere) {
  expect_new(batch(0));
  expect_new(batch(4711));
}

TEST_F(ProducerTableTest, TheNextBatchFollowsWithoutAGap) {
  record_batches(3);
  expect_new(batch(30, 10));
  expect_new(batch(30, 1));
}

TEST_F(ProducerTableTest, TheLastFiveBatchesAreKnownAgain) {
  record_batches(7);
  for (int i = 2; i < 7; ++i) EXPECT_EQ(table_.check(batch(10 * i, 10)).value(), Offset(10 * i)) << i;
}

TEST_F(ProducerTableTest, TheSixthLastIsOutOfOrder) {
  record_batches(7);
  expect_error(batch(10, 10), Errc::out_of_order_sequence);
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

TEST_F(ProducerTableTest, TheLeastRecentlyUsedIsForgottenBeyondTheMaximum) {
  for (std::size_t i = 0; i < ProducerTable::kProducersMax; ++i) {
    table_.record(batch(0, 1, 0, ProducerId(static_cast<std::int64_t>(i))), Offset(0), now_ms_);
  }
  table_.record(batch(1, 1, 0, ProducerId(0)), Offset(1), now_ms_);
  table_.record(batch(0, 1, 0, ProducerId(5000)), Offset(2), now_ms_);
  EXPECT_EQ(table_.size(), ProducerTable::kProducersMax);
  expect_error(batch(7, 1, 0, ProducerId(0)), Errc::out_of_order_sequence);
  expect_new(batch(7, 1, 0, ProducerId(1)));
}

TEST_F(ProducerTableTest, ASnapshotLeavesOutWhatLiesBehindItsEnd) {
  record_batches(7);
  const auto snapshot = table_.snapshot(Offset(50), now_ms_);
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_THAT(snapshot[0].batches, ElementsAre(ProducerState::Batch{20, 29, Offset(20)}, ProducerState::Batch{30, 39, Offset(30)},
                                               ProducerState::Batch{40, 49, Offset(40)}));
}

TEST_F(ProducerTableTest, ASnapshotLeavesOutProducersOfWhichNothingIsLeft) {
  record_batches(7);
  EXPECT_TRUE(table_.snapshot(Offset(20), now_ms_).empty());
}

TEST_F(ProducerTableTest, ASnapshotLeavesOutProducersUnusedForADay) {
  record_batches(1);
  now_ms_ += ProducerTable::kExpiryMs;
  table_.record(batch(0, 1, 0, ProducerId(8)), Offset(10), now_ms_);
  EXPECT_THAT(known(), ElementsAre(kProducer, ProducerId(8)));
  ++now_ms_;
  EXPECT_THAT(known(), ElementsAre(ProducerId(8)));
}

TEST_F(ProducerTableTest, ARestoredTableGoesOnWhereTheSnapshotWas) {
  record_batches(7);
  auto snapshot = table_.snapshot(Offset(1000), now_ms_);
  ProducerTable other;
  other.record(batch(0, 1, 0, ProducerId(9)), Offset(0), now_ms_);
  other.restore(std::move(snapshot));
  EXPECT_EQ(other.size(), 1U);
  EXPECT_EQ(other.check(batch(20, 10)).value(), Offset(20));
  EXPECT_EQ(error_of(other.check(batch(71))), Errc::out_of_order_sequence);
}

TEST_F(ProducerTableTest, ARestoredTableForgetsInTheSameOrder) {
  for (std::int64_t id : {3, 1, 2}) table_.record(batch(0, 1, 0, ProducerId(id)), Offset(0), now_ms_);
  table_.record(batch(1, 1, 0, ProducerId(3)), Offset(1), now_ms_);
  ProducerTable other;
  other.restore(table_.snapshot(Offset(1000), now_ms_));
  table_ = ProducerTable();
  table_.restore(other.snapshot(Offset(1000), now_ms_));
  EXPECT_THAT(known(), ElementsAre(ProducerId(1), ProducerId(2), ProducerId(3)));
}

}  // namespace
}  // namespace leat::storage
