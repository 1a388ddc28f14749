#include "client/src/send_window.hpp"

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

TEST_F(SendWindowTest, AForgottenProducerGoesOnWithANewIdAndLosesNothing) {
  const auto batches = established_with(2);
  for (const auto& batch : batches) window.refused(*batch, Error(Errc::unknown_producer), false);
  EXPECT_TRUE(window.settle().new_producer);
  window.set_identity(ProducerId(8), 0);
  EXPECT_EQ(stamp(*batches[0]), "8/0/0");
  EXPECT_EQ(stamp(*batches[1]), "8/0/1");
}

TEST_F(SendWindowTest, WhatMayHaveBeenStoredBeforeItsProducerWasForgottenHasAnUnknownOutcome) {
  const auto batches = established_with(2);
  const BatchPtr never_sent = push();
  window.connection_lost();
  for (const auto& batch : batches) {
    EXPECT_EQ(send(), 1);
    window.refused(*batch, Error(Errc::unknown_producer), false);
    const bool last = batch == batches.back();
    EXPECT_EQ(window.settle().new_producer, last);
    const BatchPtr failed = window.take_done();
    EXPECT_EQ(failed, batch);
    EXPECT_EQ(failed->error->code, Errc::unknown_producer);
    EXPECT_EQ(failed->error->context, "the outcome is unknown");
  }
  window.set_identity(ProducerId(8), 0);
  EXPECT_EQ(window.next_to_send(), never_sent);
  EXPECT_EQ(stamp(*never_sent), "8/0/0");
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
