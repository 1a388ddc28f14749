#include "client/src/send_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/record/batch_validator.hpp"

namespace leat::client {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

/// A window of up to five batches, and a broker that is what the test says it answers.
class SendWindowTest : public ::testing::Test {
 protected:
  SendWindowTest() { window.set_identity(ProducerId(7), 0); }

  /// Encodes a batch of `records` and adds it.
  BatchPtr push(int records = 1, steady_clock::time_point opened_at = {}) {
    auto batch = std::make_shared<OutgoingBatch>(record::BuilderOptions{});
    for (int i = 0; i < records; ++i) batch->builder.append(0, std::nullopt, as_bytes("v"));
    batch->opened_at = opened_at;
    batch->record_count = records;
    batch->bytes = batch->builder.finish(window.next_stamp()).value();
    window.push(batch);
    return batch;
  }
  /// Sends all that may be sent; returns how many.
  int send() {
    int sent = 0;
    while (const BatchPtr batch = window.next_to_send()) {
      window.sent(*batch, ++correlation);
      ++sent;
    }
    return sent;
  }
  /// With the first batch acknowledged, and so many more sent.
  std::vector<BatchPtr> established_with(int batches) {
    const BatchPtr first = push();
    send();
    window.acknowledged(*first, {});
    window.take_done();
    std::vector<BatchPtr> sent;
    for (int i = 0; i < batches; ++i) sent.push_back(push());
    send();
    return sent;
  }
  static std::string stamp(const OutgoingBatch& batch) {
    const auto header = record::parse_batch_header(batch.bytes).value();
    EXPECT_TRUE(record::check_crc(batch.bytes));
    return std::to_string(header.producer_id.value()) + "/" + std::to_string(header.producer_epoch) + "/" +
           std::to_string(header.base_sequence);
  }

  SendWindow window{5};
  std::uint64_t correlation = 0;
};

TEST_F(SendWindowTest, SequencesCountRecords) {
  EXPECT_EQ(stamp(*push(3)), "7/0/0");
  send();
  EXPECT_EQ(window.next_stamp().base_sequence, 3);
}

TEST_F(SendWindowTest, OnlyOneBatchUntilTheBrokerKnowsTheProducer) {
  const BatchPtr first = push();
  EXPECT_FALSE(window.has_room());
  send();
  window.acknowledged(*first, {});
  window.take_done();
  for (int i = 0; i < 5; ++i) push();
  EXPECT_FALSE(window.has_room());
  EXPECT_EQ(send(), 5);
}

TEST_F(SendWindowTest, ALostConnectionRepeatsEverythingUnchanged) {
  const auto batches = established_with(3);
  window.connection_lost();
  window.settle();
  EXPECT_EQ(send(), 1) << "whoever answers now may have lost the producer";
  window.acknowledged(*batches[0], native::PublishAck{});
  EXPECT_EQ(send(), 2);
  EXPECT_EQ(stamp(*batches[0]), "7/0/1");
  EXPECT_EQ(stamp(*batches[2]), "7/0/3");
}

TEST_F(SendWindowTest, ATemporaryRefusalWaitsForAllAnswersAndRepeatsInOrder) {
  const auto batches = established_with(3);
  window.refused(*batches[0], Error(Errc::storage_full), true);
  EXPECT_EQ(send(), 0);
  window.refused(*batches[1], Error(Errc::out_of_order_sequence), false);
  EXPECT_FALSE(window.settle().retry_later);
  window.refused(*batches[2], Error(Errc::out_of_order_sequence), false);
  EXPECT_TRUE(window.settle().retry_later);
  EXPECT_EQ(window.next_to_send(), batches[0]);
  EXPECT_EQ(send(), 3);
  EXPECT_EQ(stamp(*batches[1]), "7/0/2");
}

TEST_F(SendWindowTest, ABatchThatFailedForGoodChangesTheEpochOfThoseBehindIt) {
  const auto batches = established_with(3);
  window.refused(*batches[1], Error(Errc::batch_too_large), false);
  window.refused(*batches[2], Error(Errc::out_of_order_sequence), false);
  window.settle();
  EXPECT_EQ(send(), 0) << "the first has no answer yet";
  window.acknowledged(*batches[0], {});
  window.settle();
  EXPECT_EQ(window.take_done(), batches[0]);
  EXPECT_EQ(window.take_done(), batches[1]);
  EXPECT_EQ(send(), 1);
  EXPECT_EQ(stamp(*batches[2]), "7/1/0");
}

TEST_F(SendWindowTest, OutcomesAreToldInOrder) {
  const auto batches = established_with(2);
  window.refused(*batches[1], Error(Errc::corrupt_batch), false);
  window.settle();
  EXPECT_EQ(window.take_done(), nullptr);
  window.acknowledged(*batches[0], {});
  window.settle();
  EXPECT_EQ(window.take_done(), batches[0]);
  EXPECT_EQ(window.take_done()->error->code, Errc::corrupt_batch);
}

TEST_F(SendWindowTest, TheEpochWaitsForBatchesOfUnknownOutcome) {
  const auto batches = established_with(3);
  window.refused(*batches[0], Error(Errc::batch_too_large), false);
  window.connection_lost();
  window.settle();
  EXPECT_EQ(send(), 1) << "with its old sequence, to learn what became of it";
  EXPECT_EQ(stamp(*batches[1]), "7/0/2");
  window.refused(*batches[1], Error(Errc::out_of_order_sequence), false);
  window.settle();
  EXPECT_EQ(send(), 1);
  EXPECT_EQ(stamp(*batches[2]), "7/0/3");
  window.refused(*batches[2], Error(Errc::out_of_order_sequence), false);
  window.settle();
  EXPECT_EQ(stamp(*batches[1]), "7/1/0");
  EXPECT_EQ(stamp(*batches[2]), "7/1/1");
}

TEST_F(SendWindowTest, ABrokerThatLostTheProducersStateIsMetWithANewEpoch) {
  const auto batches = established_with(2);
  for (const auto& batch : batches) window.refused(*batch, Error(Errc::out_of_order_sequence), false);
  window.settle();
  EXPECT_EQ(stamp(*batches[0]), "7/1/0");
  EXPECT_EQ(send(), 1);
}

TEST_F(SendWindowTest, ABatchThatNoSequenceFitsFailsInTheEnd) {
  const BatchPtr batch = push();
  int sendings = 0;
  while (send() > 0) {
    ++sendings;
    window.refused(*batch, Error(Errc::out_of_order_sequence), false);
    window.settle();
  }
  EXPECT_EQ(window.take_done()->error->code, Errc::out_of_order_sequence);
  EXPECT_EQ(sendings, 4);
}

TEST_F(SendWindowTest, ATooLargeBatchGoesAgainInTwoPartsOfItsSequence) {
  established_with(0);
  const BatchPtr large = push(5);
  const BatchPtr behind = push();
  send();
  window.refused(*large, Error(Errc::batch_too_large), false);
  window.refused(*behind, Error(Errc::out_of_order_sequence), false);
  EXPECT_TRUE(window.settle().limit_changed);
  const BatchPtr first = window.next_to_send();
  EXPECT_EQ(stamp(*first), "7/0/1");
  EXPECT_EQ(first->record_count, 2);
  window.sent(*first, 100);
  EXPECT_EQ(stamp(*window.next_to_send()), "7/0/3");
  EXPECT_EQ(send(), 2);
  EXPECT_EQ(stamp(*behind), "7/0/6");
}

TEST_F(SendWindowTest, SplittingNeverHasMoreUnansweredThanTheBrokerRemembers) {
  established_with(0);
  std::vector<BatchPtr> batches;
  for (int i = 0; i < 5; ++i) batches.push_back(push(2));
  send();
  for (const auto& batch : batches) window.refused(*batch, Error(Errc::batch_too_large), false);
  window.settle();
  EXPECT_EQ(send(), 5) << "of ten";
}

TEST_F(SendWindowTest, ATooLargeBatchOfUnknownOutcomeIsNotSplit) {
  established_with(0);
  const BatchPtr batch = push(2);
  send();
  window.connection_lost();
  send();
  window.refused(*batch, Error(Errc::batch_too_large), false);
  window.settle();
  EXPECT_EQ(window.take_done()->error->message(), "record batch too large: the outcome is unknown");
}

TEST_F(SendWindowTest, AGivenUpBatchTellsWhyItWasRefused) {
  established_with(0);
  const BatchPtr batch = push();
  send();
  window.refused(*batch, Error(Errc::storage_full), true);
  window.settle();
  window.expire(steady_clock::now());
  EXPECT_EQ(batch->error->message(), "storage full: given up after the delivery timeout");
}

TEST_F(SendWindowTest, UnknownOutcomesFailWithTheProducerThatTheBrokerForgot) {
  const auto batches = established_with(3);
  const BatchPtr fresh = push();  // and not sent
  window.connection_lost();
  window.settle();
  EXPECT_EQ(send(), 1);
  window.refused(*batches[0], Error(Errc::unknown_producer), false);
  EXPECT_TRUE(window.settle().new_producer);
  for (const auto& batch : batches) {
    EXPECT_EQ(window.take_done(), batch);
    EXPECT_THAT(batch->error->message(), ::testing::HasSubstr("the outcome is unknown"));
  }
  window.set_identity(ProducerId(8), 0);
  EXPECT_EQ(window.next_to_send(), fresh);
  EXPECT_EQ(stamp(*fresh), "8/0/0");
}

/// The gap is behind it, so that it does not explain the refusal.
TEST_F(SendWindowTest, AnUnknownOutcomeBeforeAGapIsNotTakenForUnstored) {
  const auto batches = established_with(2);
  window.refused(*batches[1], Error(Errc::corrupt_batch), false);
  window.connection_lost();
  window.settle();
  EXPECT_EQ(send(), 1);
  window.refused(*batches[0], Error(Errc::out_of_order_sequence), false);
  window.settle();
  EXPECT_EQ(send(), 0);
  EXPECT_EQ(window.take_done(), batches[0]);
  EXPECT_THAT(batches[0]->error->message(), ::testing::HasSubstr("the outcome is unknown"));
}

TEST_F(SendWindowTest, AFailedStorageLeavesNoCertainGap) {
  const auto batches = established_with(2);
  window.refused(*batches[0], Error(Errc::storage_failed), false);
  window.connection_lost();
  window.settle();
  send();
  window.refused(*batches[1], Error(Errc::out_of_order_sequence), false);
  window.settle();
  for (const auto& batch : batches) EXPECT_THAT(batch->error->message(), ::testing::HasSubstr("the outcome is unknown"));
}

TEST_F(SendWindowTest, InATopicCreatedAnewNothingIsUnknown) {
  const auto batches = established_with(1);
  window.connection_lost();
  window.restart_sequence();
  window.settle();
  EXPECT_EQ(window.next_to_send(), batches[0]);
  EXPECT_EQ(stamp(*batches[0]), "7/1/0");
}

TEST_F(SendWindowTest, AFencedProducerAsksForANewId) {
  const auto batches = established_with(1);
  window.refused(*batches[0], Error(Errc::producer_fenced), false);
  EXPECT_TRUE(window.settle().new_producer);
  EXPECT_FALSE(window.has_identity());
  EXPECT_EQ(send(), 0);
  window.set_identity(ProducerId(8), 0);
  EXPECT_EQ(stamp(*batches[0]), "8/0/0");
  EXPECT_EQ(send(), 1);
}

TEST_F(SendWindowTest, WhatWasSentBehindAnUnknownOutcomeExpiresWithIt) {
  const auto now = steady_clock::now();
  established_with(0);
  const BatchPtr old = push(1, now - seconds(10));
  const BatchPtr young = push(1, now);
  send();
  EXPECT_EQ(window.expire(now - seconds(5)).size(), 2U);
  window.settle();
  EXPECT_EQ(window.take_done()->error->code, Errc::timed_out);
  EXPECT_EQ(window.take_done()->error->code, Errc::timed_out);
  EXPECT_EQ(stamp(*push()), "7/1/0") << "no sequence of an unknown outcome is used again";
}

TEST_F(SendWindowTest, WhatWasCertainlyNotStoredOutlivesAnExpiredBatchBeforeIt) {
  const auto now = steady_clock::now();
  established_with(0);
  const BatchPtr old = push(1, now - seconds(10));
  const BatchPtr young = push(1, now);
  send();
  window.refused(*old, Error(Errc::storage_full), true);
  window.refused(*young, Error(Errc::out_of_order_sequence), false);
  window.settle();
  EXPECT_TRUE(window.expire(now - seconds(5)).empty());
  window.settle();
  EXPECT_EQ(window.take_done(), old);
  EXPECT_EQ(window.next_to_send(), young);
  EXPECT_EQ(stamp(*young), "7/1/0");
}

TEST_F(SendWindowTest, AnUnknownTopicIsReportedOnceAllIsAnswered) {
  const auto batches = established_with(1);
  window.refused(*batches[0], Error(Errc::unknown_topic), false);
  EXPECT_TRUE(window.settle().topic_unknown);
  window.fail_waiting(Error(Errc::unknown_topic));
  EXPECT_EQ(window.take_done()->error->code, Errc::unknown_topic);
}

}  // namespace
}  // namespace leat::client
