// What a producer does when publishes are lost or refused: nothing is stored twice, nothing out of order.
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <future>
#include <random>
#include <set>
#include <tuple>

#include "leat/producer.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

using Kind = PublishAction::Kind;

class ProducerRetryTest : public BrokerTest {
 protected:
  ProducerRetryTest() { broker.add_topic("t", 1); }

  /// The n-th publish (from 0) meets this, once.
  void misbehave_at(std::size_t n, PublishAction action) {
    broker.on_publish([this, n, action](const SeenPublish&) { return ++seen == n + 1 ? action : PublishAction{}; });
  }
  /// Sends 20 records in batches of one and waits for all.
  std::vector<std::string> send_twenty(Producer& producer) {
    Outcomes outcomes;
    send_numbers(producer, "t", 20, &outcomes);
    return outcomes.wait(20);
  }
  static std::vector<std::string> all_delivered() {
    std::vector<std::string> expected;
    for (int i = 0; i < 20; ++i) expected.push_back(std::to_string(i) + "@" + std::to_string(i));
    return expected;
  }

  std::size_t seen = 0;
  Client client{options()};
};

TEST_F(ProducerRetryTest, AConnectionLostBeforeTheCommitLosesNothing) {
  Producer producer(client, single_record_batches());
  for (const std::size_t n : {0U, 1U, 4U, 9U}) {
    broker.add_topic("t", 1);
    seen = 0;
    misbehave_at(n, {Kind::drop});
    Producer fresh(client, single_record_batches());
    EXPECT_EQ(send_twenty(fresh), all_delivered()) << n;
    EXPECT_EQ(broker.values("t"), numbers(20)) << n;
  }
}

TEST_F(ProducerRetryTest, AConnectionLostAfterTheCommitDuplicatesNothing) {
  for (const std::size_t n : {0U, 1U, 4U, 9U}) {
    broker.add_topic("t", 1);
    seen = 0;
    misbehave_at(n, {Kind::store_and_drop});
    Producer fresh(client, single_record_batches());
    EXPECT_EQ(send_twenty(fresh), all_delivered()) << n;
    EXPECT_EQ(broker.values("t"), numbers(20)) << n;
  }
}

TEST_F(ProducerRetryTest, ATemporaryRefusalIsRetriedInOrder) {
  for (const Errc code : {Errc::storage_full, Errc::overloaded, Errc::shutting_down}) {
    broker.add_topic("t", 1);
    seen = 0;
    misbehave_at(3, PublishAction::refuse(code));
    Producer fresh(client, single_record_batches());
    EXPECT_EQ(send_twenty(fresh), all_delivered()) << name_of(code);
    EXPECT_EQ(broker.values("t"), numbers(20)) << name_of(code);
  }
}

TEST_F(ProducerRetryTest, ABatchRefusedForGoodFailsAlone) {
  misbehave_at(3, PublishAction::refuse(Errc::batch_too_large));
  Producer producer(client, single_record_batches());
  const auto outcomes = send_twenty(producer);
  EXPECT_EQ(outcomes[2], "2@2");
  EXPECT_EQ(outcomes[3], "3!batch_too_large");
  EXPECT_EQ(outcomes[4], "4@3");
  auto expected = numbers(20);
  expected.erase(expected.begin() + 3);
  EXPECT_EQ(broker.values("t"), expected);
}

TEST_F(ProducerRetryTest, ARefusalNamesThePartition) {
  misbehave_at(0, PublishAction::refuse(Errc::batch_too_large));
  Producer producer(client, single_record_batches());
  EXPECT_EQ(producer.publish("t", OutgoingRecord::text("v")).error().message(), "record batch too large: t-0: told to");
}

TEST_F(ProducerRetryTest, AFencedProducerGoesOnUnderANewId) {
  misbehave_at(5, PublishAction::refuse(Errc::producer_fenced));
  Producer producer(client, single_record_batches());
  EXPECT_EQ(send_twenty(producer), all_delivered());
  EXPECT_EQ(broker.values("t"), numbers(20));
  EXPECT_NE(broker.publishes().front().header.producer_id, broker.publishes().back().header.producer_id);
}

TEST_F(ProducerRetryTest, ABrokerThatLostItsNewestStateIsFollowed) {
  Producer producer(client, single_record_batches());
  for (const auto* value : {"a", "b", "c"}) ASSERT_TRUE(producer.publish("t", OutgoingRecord::text(value)));
  broker.with_partition("t", 0, [](FakePartition& partition) { partition.forget_producers_since(1); });
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("d")));
  EXPECT_THAT(broker.values("t"), ::testing::ElementsAre("a", "b", "c", "d"));
}

TEST_F(ProducerRetryTest, RecordsAreGivenUpAfterTheDeliveryTimeout) {
  broker.on_publish([](const SeenPublish&) { return PublishAction{Kind::ignore}; });
  auto opts = single_record_batches();
  opts.delivery_timeout = kSoon;
  Producer producer(client, opts);
  Outcomes outcomes;
  for (const auto* name : {"a", "b"}) ASSERT_TRUE(producer.send("t", OutgoingRecord::text(name), outcomes.callback(name)));
  EXPECT_THAT(outcomes.wait(2), ::testing::ElementsAre("a!timed_out", "b!timed_out"));
  EXPECT_EQ(producer.buffered_bytes(), 0U);
}

TEST_F(ProducerRetryTest, ASequenceOfUnknownOutcomeIsNeverUsedForAnotherRecord) {
  auto opts = single_record_batches();
  opts.delivery_timeout = kSoon;
  Producer producer(client, opts);
  // On a slow machine any of these may be given up as well, before or after it is sent.
  while (producer.publish("t", OutgoingRecord::text("a")).has_error()) {
  }
  const std::size_t before = broker.publishes().size();
  broker.on_publish([](const SeenPublish&) { return PublishAction{Kind::store_and_withhold}; });
  while (broker.publishes().size() == before) {
    EXPECT_EQ(producer.publish("t", OutgoingRecord::text("b")).error().code, Errc::timed_out);
  }
  broker.on_publish({});
  while (producer.publish("t", OutgoingRecord::text("c")).has_error()) {
  }
  std::set<std::tuple<std::int64_t, int, std::int32_t>> used;
  for (const SeenPublish& publish : broker.publishes()) {
    const record::BatchHeader& header = publish.header;
    EXPECT_TRUE(used.emplace(header.producer_id.value(), header.producer_epoch, header.base_sequence).second);
  }
  EXPECT_EQ(broker.publishes().back().header.base_sequence, 0);
  EXPECT_GE(broker.publishes().back().header.producer_epoch, 1);
}

TEST_F(ProducerRetryTest, WithoutABrokerRecordsTimeOutUnsent) {
  broker.accept_connections(false);
  Client nobody(options());
  auto opts = producer_options();
  opts.delivery_timeout = kSoon;
  Producer producer(nobody, opts);
  const auto delivery = producer.publish("t", OutgoingRecord::text("v"));
  EXPECT_EQ(delivery.error().code, Errc::timed_out);
  EXPECT_THAT(delivery.error().message(), ::testing::HasSubstr("never sent"));
}

TEST_F(ProducerRetryTest, AFlushEndsWhenItsRecordsExpireBeforeTheirTopicIsKnown) {
  broker.accept_connections(false);
  Client nobody(options());
  auto opts = producer_options();
  opts.delivery_timeout = kSoon;
  Producer producer(nobody, opts);
  Outcomes outcomes;
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("v"), outcomes.callback("v")));
  auto flushed = producer.async_flush(asio::use_future);
  EXPECT_THAT(outcomes.wait(1), ::testing::ElementsAre("v!timed_out"));
  ASSERT_EQ(flushed.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_TRUE(flushed.get());
}

/// "b" was stored and its acknowledgement lost; then the broker answers its repetition with `code`.
TEST_F(ProducerRetryTest, ARecordOfUnknownFateIsNotSentAgainUnderANewIdentity) {
  for (const Errc code : {Errc::out_of_order_sequence, Errc::producer_fenced, Errc::unknown_producer}) {
    broker.add_topic("t", 1);
    seen = 0;
    broker.on_publish([this, code](const SeenPublish&) {
      ++seen;
      if (seen == 3) return PublishAction::refuse(code);
      return PublishAction{seen == 2 ? Kind::store_and_drop : Kind::store};
    });
    auto opts = single_record_batches();
    opts.in_flight_batches_max = 1;
    Producer producer(client, opts);
    ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("a")));
    Outcomes outcomes;
    for (const auto* name : {"b", "c"}) ASSERT_TRUE(producer.send("t", OutgoingRecord::text(name), outcomes.callback(name)));
    EXPECT_THAT(outcomes.wait(2), ::testing::ElementsAre("b!" + std::string(name_of(code)), "c@2"));
    EXPECT_THAT(broker.values("t"), ::testing::ElementsAre("a", "b", "c")) << name_of(code);
    EXPECT_EQ(broker.publishes().back().header.base_sequence, 0);
  }
}

TEST_F(ProducerRetryTest, AForgottenProducerGoesOnUnderANewId) {
  misbehave_at(5, PublishAction::refuse(Errc::unknown_producer));
  Producer producer(client, single_record_batches());
  EXPECT_EQ(send_twenty(producer), all_delivered());
  EXPECT_EQ(broker.values("t"), numbers(20));
  EXPECT_NE(broker.publishes().front().header.producer_id, broker.publishes().back().header.producer_id);
}

TEST_F(ProducerRetryTest, BatchesOfALoweredLimitAreSplit) {
  auto opts = producer_options();
  opts.linger = std::chrono::hours(1);
  Producer producer(client, opts);
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("first")));
  ASSERT_TRUE(producer.flush());
  broker.set_message_bytes_max("t", 500);
  Outcomes outcomes;
  send_numbers(producer, "t", 500, &outcomes);
  ASSERT_TRUE(producer.flush());
  auto expected = numbers(500);
  expected.insert(expected.begin(), "first");
  EXPECT_EQ(broker.values("t"), expected);
  const auto told = outcomes.wait(500);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(told[static_cast<std::size_t>(i)], std::to_string(i) + "@" + std::to_string(i + 1));
  EXPECT_EQ(broker.publishes().back().header.producer_epoch, 0) << "the sequence goes on";
}

TEST_F(ProducerRetryTest, WhatNoSplittingHelpsFailsAlone) {
  auto opts = producer_options();
  opts.linger = std::chrono::hours(1);
  Producer producer(client, opts);
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("first")));
  ASSERT_TRUE(producer.flush());
  broker.set_message_bytes_max("t", 500);
  Outcomes outcomes;
  for (const auto& [name, bytes] : {std::pair("a", 10), std::pair("b", 1'000), std::pair("c", 10)}) {
    const std::string value(static_cast<std::size_t>(bytes), *name);
    ASSERT_TRUE(producer.send("t", OutgoingRecord::text(value), outcomes.callback(name)));
  }
  ASSERT_TRUE(producer.flush());
  EXPECT_THAT(outcomes.wait(3), ::testing::ElementsAre("a@1", "b!batch_too_large", "c@2"));
}

TEST_F(ProducerRetryTest, ALimitLoweredUnderLoadKeepsEveryRecordOnceAndInOrder) {
  auto opts = producer_options();
  opts.codec = Codec::lz4;
  Producer producer(client, opts);
  Outcomes outcomes;
  send_numbers(producer, "t", 2'000, &outcomes);
  broker.set_message_bytes_max("t", 300);
  for (const std::string& text : numbers(4'000)) {
    if (std::stoi(text) >= 2'000) {
      ASSERT_TRUE(producer.send("t", OutgoingRecord::text(text), outcomes.callback(text)));
    }
  }
  ASSERT_TRUE(producer.flush());
  EXPECT_EQ(broker.values("t"), numbers(4'000));
  for (const std::string& told : outcomes.wait(4'000)) ASSERT_EQ(told.find('!'), std::string::npos) << told;
}

TEST_F(ProducerRetryTest, WhyRecordsWaitIsTold) {
  std::atomic<bool> full{true};
  broker.on_publish([&](const SeenPublish&) { return full ? PublishAction::refuse(Errc::storage_full) : PublishAction{}; });
  std::promise<std::string> told;
  std::atomic<bool> once{false};
  auto opts = producer_options();
  opts.on_retry = [&](const Error& error) {
    if (!once.exchange(true)) told.set_value(error.message());
  };
  Producer producer(client, opts);
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("v")));
  EXPECT_EQ(told.get_future().get(), "storage full: t-0: told to");
  full = false;
  ASSERT_TRUE(producer.flush());
}

TEST_F(ProducerRetryTest, GivenUpAfterRefusalsARecordsErrorIsTheRefusal) {
  broker.on_publish([](const SeenPublish&) { return PublishAction::refuse(Errc::storage_full); });
  auto opts = single_record_batches();
  opts.delivery_timeout = kSoon;
  Producer producer(client, opts);
  const auto delivery = producer.publish("t", OutgoingRecord::text("v"));
  // The timeout may also find it sent and not answered.
  if (delivery.error().code != Errc::timed_out) {
    EXPECT_EQ(delivery.error().message(), "storage full: t-0: told to, given up after the delivery timeout");
  }
}

TEST_F(ProducerRetryTest, AProducerIdIsAskedForAgain) {
  int asked = 0;
  broker.on_request([&](const native::Message& message) {
    if (!std::holds_alternative<native::InitProducer>(message)) return RequestAction::answer;
    return ++asked == 1 ? RequestAction::refuse_overloaded : asked == 2 ? RequestAction::drop : RequestAction::answer;
  });
  Producer producer(client, producer_options());
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
}

/// What on_retry is told, and what a record fails with after that, when the broker refuses a kind of request for the moment.
template <class Request>
void expect_told(Client& client, FakeBroker& broker, ProducerOptions options, const std::string& refusal) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<Request>(message) ? RequestAction::refuse_overloaded : RequestAction::answer;
  });
  const auto told = std::make_shared<std::promise<std::string>>();
  options.delivery_timeout = std::chrono::milliseconds(60);
  options.on_retry = [told, once = false](const Error& error) mutable {
    if (!std::exchange(once, true)) told->set_value(error.message());
  };
  Producer producer(client, options);
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("v")));
  EXPECT_EQ(told->get_future().get(), refusal);
  const auto delivery = producer.publish("t", OutgoingRecord::text("v"));
  EXPECT_EQ(delivery.error().code, Errc::timed_out);
  EXPECT_EQ(delivery.error().context, "never sent: " + refusal);
}

TEST_F(ProducerRetryTest, WhyThereIsNoProducerIdIsTold) {
  expect_told<native::InitProducer>(client, broker, producer_options(), "broker overloaded: told to");
}

TEST_F(ProducerRetryTest, WhyATopicIsNotKnownIsTold) {
  expect_told<native::DescribeTopic>(client, broker, producer_options(), "broker overloaded: t: told to");
}

TEST_F(ProducerRetryTest, WithoutAProducerIdForGoodRecordsFailAtOnce) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::InitProducer>(message) ? RequestAction::refuse_internal : RequestAction::answer;
  });
  Producer producer(client, producer_options());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(producer.publish("t", OutgoingRecord::text("v")).error().message(), "internal error: t: told to");
  }
}

TEST_F(ProducerRetryTest, FlushWaitsForRetries) {
  misbehave_at(0, {Kind::store_and_drop});
  Producer producer(client, producer_options());
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("v")));
  ASSERT_TRUE(producer.flush());
  EXPECT_EQ(producer.buffered_bytes(), 0U);
  EXPECT_EQ(broker.values("t").size(), 1U);
}

/// Any mixture of misbehaviour that does not lose batches for good: every record exactly once and in order, in every partition.
TEST_F(ProducerRetryTest, SurvivesAnythingInAnyOrder) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  broker.add_topic("many", 3);
  broker.on_publish([&](const SeenPublish&) {
    switch (random() % 16) {
      case 0:
        return PublishAction{Kind::drop};
      case 1:
        return PublishAction{Kind::store_and_drop};
      case 2:
        return PublishAction::refuse(Errc::storage_full);
      case 3:
        return PublishAction::refuse(Errc::overloaded);
      default:
        return PublishAction{};
    }
  });
  auto opts = producer_options();
  opts.batch_bytes_max = 300;
  Producer producer(client, opts);
  Outcomes outcomes;
  for (const std::string& text : numbers(3'000)) {
    const OutgoingRecord record{.value = as_bytes(text), .partition = PartitionId(std::stoi(text) % 3)};
    ASSERT_TRUE(producer.send("many", record, outcomes.callback(text)));
  }
  ASSERT_TRUE(producer.flush());
  for (const std::string& told : outcomes.wait(3'000)) ASSERT_EQ(told.find('!'), std::string::npos) << told;
  for (int partition = 0; partition < 3; ++partition) {
    const auto values = broker.values("many", partition);
    ASSERT_EQ(values.size(), 1'000U) << partition;
    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i)], std::to_string(3 * i + partition));
  }
}

}  // namespace
}  // namespace leat::testing
