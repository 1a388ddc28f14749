#include "leat/consumer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <map>
#include <thread>

#include "leat/admin.hpp"
#include "protocol/record/batch_builder.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

class ConsumerTest : public BrokerTest {
 protected:
  ConsumerTest() { broker.add_topic("t", 1); }

  void fill(const std::string& topic, int count, ProducerOptions opts = producer_options()) {
    Producer producer(client, opts);
    send_numbers(producer, topic, count);
    ASSERT_TRUE(producer.flush());
  }
  static std::vector<std::byte> batch(std::string_view value, Codec codec = Codec::none) {
    record::BatchBuilder builder({.codec = codec});
    builder.append(0, std::nullopt, as_bytes(value));
    return builder.finish({}).value();
  }
  /// Until an answer has come, and with it what the broker had sent before.
  void wait_for_deliveries() { ASSERT_TRUE(Admin(client).list_topics().has_value()); }
  /// "before" at offset 0, then three offsets of a damaged batch, then "behind".
  void add_damaged_between_good() {
    auto damaged = batch("bad");
    damaged.back() ^= std::byte{1};
    broker.append_raw("t", 0, batch("before"), 1);
    broker.append_raw("t", 0, damaged, 3);
    broker.append_raw("t", 0, batch("behind"), 1);
  }
  static std::string described(const UnreadableRecords& unreadable) {
    return unreadable.topic + "-" + std::to_string(unreadable.partition.value()) + " " +
           std::to_string(unreadable.offset.value()) + " to " + std::to_string(unreadable.next_offset.value()) + ": " +
           std::string(name_of(unreadable.error.code));
  }
  static Errc next_error(Consumer& consumer) { return consumer.next_for(std::chrono::seconds(60)).error().code; }

  Client client{options()};
};

TEST_F(ConsumerTest, TheLongestWaitIsNoTimeout) {
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  auto waiting = std::async(std::launch::async, [&] { return consumer.next_for(std::chrono::milliseconds::max()); });
  fill("t", 1);
  EXPECT_TRUE(waiting.get().has_value());
}

TEST_F(ConsumerTest, ReceivesWhatIsThereAndWhatComes) {
  fill("t", 100);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_EQ(receive(consumer, 100), numbers(100));
  Producer producer(client);
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("more")));
  EXPECT_THAT(receive(consumer, 1), ::testing::ElementsAre("more"));
  EXPECT_EQ(consumer.position("t", PartitionId(0)), Offset(101));
}

TEST_F(ConsumerTest, ABatchSaysWhereItIsFrom) {
  fill("t", 3, single_record_batches());
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t", StartPosition::at(Offset(1))));
  const auto batch = consumer.next();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->topic(), "t");
  EXPECT_EQ(batch->partition(), PartitionId(0));
  EXPECT_EQ(batch->high_watermark(), Offset(3));
  EXPECT_EQ(batch->next_offset(), Offset(3));
  EXPECT_EQ((*batch)[0].offset, Offset(1));
}

TEST_F(ConsumerTest, RecordsBeforeTheStartAreSkipped) {
  fill("t", 10);  // in one batch, perhaps
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t", StartPosition::at(Offset(7))));
  EXPECT_THAT(receive(consumer, 3), ::testing::ElementsAre("7", "8", "9"));
}

TEST_F(ConsumerTest, LatestSeesOnlyWhatComes) {
  fill("t", 10);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t", StartPosition::latest()));
  EXPECT_EQ(consumer.position("t", PartitionId(0)), Offset(10));
  Producer producer(client);
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("new")));
  EXPECT_THAT(receive(consumer, 1), ::testing::ElementsAre("new"));
}

TEST_F(ConsumerTest, KeysHeadersAndTombstonesArrive) {
  Producer producer(client);
  const HeaderView headers[] = {{"h", as_bytes("1")}, {"null", std::nullopt}};
  ASSERT_TRUE(producer.publish("t", {.key = as_bytes("k"), .headers = headers, .timestamp = 99}));
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  const auto batch = consumer.next();
  ASSERT_TRUE(batch.has_value());
  const RecordView& record = (*batch)[0];
  EXPECT_EQ(as_text(*record.key), "k");
  EXPECT_FALSE(record.value.has_value());
  EXPECT_EQ(record.timestamp, 99);
  std::string seen;
  for (const HeaderView& header : record.headers) seen += std::string(header.name) + (header.value ? "+" : "-");
  EXPECT_EQ(seen, "h+null-");
}

TEST_F(ConsumerTest, CompressedBatchesStayReadableAfterTheNext) {
  auto opts = single_record_batches();
  opts.codec = Codec::zstd;
  Producer producer(client, opts);
  const std::string a(1'000, 'a');
  const std::string b(1'000, 'b');
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text(a)));
  const auto first = consumer.next();
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text(b)));
  const auto second = consumer.next();
  EXPECT_EQ(as_text(*(*first)[0].value), a);
  EXPECT_EQ(as_text(*(*second)[0].value), b);
}

TEST_F(ConsumerTest, PartitionsTakeTurns) {
  broker.add_topic("many", 3);
  for (int partition = 0; partition < 3; ++partition) {
    for (int i = 0; i < 50; ++i) broker.append_raw("many", partition, batch(std::string(10'000, 'x')), 1);
  }
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("many"));
  wait_for_deliveries();
  std::map<int, std::size_t> taken;
  for (int i = 0; i < 9; ++i) {
    const auto next = consumer.next();
    ASSERT_TRUE(next.has_value()) << next.error().message();
    taken[next->partition().value()] += 1;
  }
  EXPECT_THAT(taken, ::testing::ElementsAre(::testing::Pair(0, 3U), ::testing::Pair(1, 3U), ::testing::Pair(2, 3U)));
}

TEST_F(ConsumerTest, OnlyTheGivenPartitionsAreFollowed) {
  broker.add_topic("many", 3);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("many", StartPosition::earliest(), {PartitionId(1)}));
  EXPECT_TRUE(consumer.position("many", PartitionId(1)).has_value());
  EXPECT_FALSE(consumer.position("many", PartitionId(0)).has_value());
  EXPECT_EQ(consumer.subscribe("many", {}, {PartitionId(1)}).error().code, Errc::invalid_argument);
  EXPECT_EQ(consumer.subscribe("many", {}, {PartitionId(0), PartitionId(3)}).error().code, Errc::unknown_partition);
  EXPECT_TRUE(consumer.subscribe("many", {}, {PartitionId(0)})) << "the failed call follows none";
}

TEST_F(ConsumerTest, APartitionIsFoundWhateverWasRememberedOfItsTopic) {
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t", {}, {PartitionId(0)}));
  consumer.unsubscribe("t");
  broker.remove_topic("t");
  broker.add_topic("t", 1);
  EXPECT_TRUE(consumer.subscribe("t", {}, {PartitionId(0)})) << "of the topic created anew";
  consumer.unsubscribe("t");
  broker.add_topic("t", 2);
  EXPECT_TRUE(consumer.subscribe("t", {}, {PartitionId(0), PartitionId(1)})) << "one is new";
  broker.remove_topic("t");
  consumer.unsubscribe("t");
  EXPECT_EQ(consumer.subscribe("t", {}, {PartitionId(0)}).error().code, Errc::unknown_topic);
}

TEST_F(ConsumerTest, SubscribingToWhatIsNotThereFails) {
  Consumer consumer(client);
  EXPECT_EQ(consumer.subscribe("nowhere").error().code, Errc::unknown_topic);
  EXPECT_EQ(consumer.subscribe("t", StartPosition::at(Offset(5))).error().message(), "offset out of range: t-0: told so");
  EXPECT_FALSE(consumer.position("t", PartitionId(0)).has_value());
}

TEST_F(ConsumerTest, MoreThanTheCreditIsNeverSent) {
  for (int i = 0; i < 500; ++i) broker.append_raw("t", 0, batch(std::string(1'000, 'x')), 1);
  Consumer consumer(client, {.credit_bytes_max = 100'000});
  ASSERT_TRUE(consumer.subscribe("t"));
  const auto first = consumer.next();
  ASSERT_TRUE(first.has_value());
  wait_for_deliveries();
  EXPECT_LE(broker.delivered_bytes(), 220'000) << "a window, and what came back by one next()";
  EXPECT_EQ(receive(consumer, 500 - first->size()).size(), 500 - first->size());
}

TEST_F(ConsumerTest, ALostConnectionNeitherLosesNorRepeats) {
  Consumer consumer(client, {.credit_bytes_max = 64 << 10});
  Producer producer(client, single_record_batches());
  ASSERT_TRUE(consumer.subscribe("t"));
  std::thread sending([&] { send_numbers(producer, "t", 2'000); });
  std::vector<std::string> values;
  for (int round = 0; round < 20; ++round) {
    for (auto& value : receive(consumer, 50)) values.push_back(std::move(value));
    broker.drop_connections();
  }
  while (values.size() < 2'000) {
    for (auto& value : receive(consumer, 1)) values.push_back(std::move(value));
  }
  sending.join();
  EXPECT_EQ(values, numbers(2'000));
}

TEST_F(ConsumerTest, RecordsDeletedWhileDisconnectedAreReported) {
  fill("t", 10);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_EQ(receive(consumer, 10), numbers(10));
  broker.accept_connections(false);
  broker.drop_connections();
  broker.append_raw("t", 0, batch("x"), 20);
  broker.with_partition("t", 0, [](FakePartition& partition) { partition.delete_before(Offset(15)); });
  broker.accept_connections(true);
  const auto next = consumer.next();
  ASSERT_TRUE(next.has_error());
  EXPECT_EQ(next.error().code, Errc::offset_out_of_range);
  EXPECT_THAT(next.error().message(), ::testing::HasSubstr("t-0"));
  EXPECT_FALSE(consumer.position("t", PartitionId(0)).has_value());
}

TEST_F(ConsumerTest, AnEndedSubscriptionIsToldBehindItsRecords) {
  fill("t", 5);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  broker.end_subscriptions(Errc::unknown_topic, "deleted");
  EXPECT_EQ(receive(consumer, 5), numbers(5));
  EXPECT_EQ(consumer.next().error().message(), "unknown topic: t-0: deleted");
  EXPECT_EQ(consumer.next_for(std::chrono::milliseconds(1)).error().code, Errc::timed_out);
}

TEST_F(ConsumerTest, ASubscriptionEndedForTheMomentIsBegunAgain) {
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  broker.end_subscriptions(Errc::overloaded, "later");
  fill("t", 3);
  EXPECT_EQ(receive(consumer, 3), numbers(3));
}

TEST_F(ConsumerTest, DamagedBatchesAreReportedBehindTheGoodOnes) {
  broker.append_raw("t", 0, batch("good"), 1);
  auto damaged = batch("bad");
  damaged.back() ^= std::byte{1};
  broker.append_raw("t", 0, damaged, 1);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_THAT(receive(consumer, 1), ::testing::ElementsAre("good"));
  const auto next = consumer.next();
  EXPECT_EQ(next.error().code, Errc::corrupt_batch);
  EXPECT_THAT(next.error().message(), ::testing::HasSubstr("t-0 at offset 1"));
  EXPECT_FALSE(consumer.position("t", PartitionId(0)).has_value());
}

TEST_F(ConsumerTest, UnreadableRecordsCanBeSkipped) {
  add_damaged_between_good();
  std::vector<std::string> skipped;
  Consumer consumer(client, {.on_unreadable = [&](const UnreadableRecords& unreadable) {
                      skipped.push_back(described(unreadable));
                      return OnUnreadable::skip;
                    }});
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_THAT(receive(consumer, 2), ::testing::ElementsAre("before", "behind"));
  EXPECT_THAT(skipped, ::testing::ElementsAre("t-0 1 to 4: corrupt_batch"));
  EXPECT_EQ(consumer.position("t", PartitionId(0)), Offset(5));
}

TEST_F(ConsumerTest, HavingStoppedAtUnreadableRecordsOneCanGoOnBehindThem) {
  add_damaged_between_good();
  std::optional<UnreadableRecords> seen;
  Consumer consumer(client, {.on_unreadable = [&](const UnreadableRecords& unreadable) {
                      seen = unreadable;
                      return OnUnreadable::stop;
                    }});
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_THAT(receive(consumer, 1), ::testing::ElementsAre("before"));
  EXPECT_EQ(next_error(consumer), Errc::corrupt_batch);
  ASSERT_TRUE(consumer.subscribe("t", StartPosition::at(seen->next_offset), {seen->partition}));
  EXPECT_THAT(receive(consumer, 1), ::testing::ElementsAre("behind"));
}

TEST_F(ConsumerTest, BehindWhatIsNoBatchTheNextDeliveryIsRead) {
  broker.append_raw("t", 0, std::vector<std::byte>(100, std::byte{7}), 3);
  std::vector<std::string> skipped;
  Consumer consumer(client, {.on_unreadable = [&](const UnreadableRecords& unreadable) {
                      skipped.push_back(described(unreadable));
                      return OnUnreadable::skip;
                    }});
  ASSERT_TRUE(consumer.subscribe("t"));
  auto pending = consumer.async_next(asio::use_future);
  wait_for_deliveries();
  fill("t", 1);
  EXPECT_EQ(as_text(*(*pending.get())[0].value), "0");
  EXPECT_THAT(skipped, ::testing::ElementsAre("t-0 0 to 3: invalid_batch"));
}

TEST_F(ConsumerTest, WhatDoesNotEndWithABatchIsInvalid) {
  auto cut = batch("cut");
  cut.pop_back();
  broker.append_raw("t", 0, cut, 1);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_EQ(next_error(consumer), Errc::invalid_batch);
}

TEST_F(ConsumerTest, DecompressionIsBounded) {
  broker.append_raw("t", 0, batch(std::string(8 << 20, 'x'), Codec::zstd), 1);
  Consumer consumer(client, {.decompressed_bytes_max = 1 << 20});
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_EQ(next_error(consumer), Errc::batch_too_large);
}

TEST_F(ConsumerTest, NextCanBeCancelledAndLosesNothing) {
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  asio::io_context context;
  asio::cancellation_signal signal;
  std::optional<Errc> code;
  consumer.async_next(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(context, [&](const Result<RecordBatch>& batch) { code = batch.error().code; })));
  signal.emit(asio::cancellation_type::partial);
  context.run();
  EXPECT_EQ(code, Errc::cancelled);
  fill("t", 3);
  EXPECT_EQ(receive(consumer, 3), numbers(3));
}

TEST_F(ConsumerTest, SeveralMayWaitAtOnce) {
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  auto first = consumer.async_next(asio::use_future);
  auto second = consumer.async_next(asio::use_future);
  Producer producer(client, single_record_batches());
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("1")));
  EXPECT_EQ(as_text(*(*first.get())[0].value), "1");
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("2")));
  EXPECT_EQ(as_text(*(*second.get())[0].value), "2");
}

TEST_F(ConsumerTest, AWaitEndsWithItsTimeOrTheConsumer) {
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  EXPECT_EQ(consumer.next_for(std::chrono::milliseconds(1)).error().code, Errc::timed_out);
  auto pending = consumer.async_next(asio::use_future);
  std::thread waiting([&] { EXPECT_EQ(consumer.next().error().code, Errc::closed); });
  consumer.close();
  waiting.join();
  EXPECT_EQ(pending.get().error().code, Errc::closed);
  EXPECT_EQ(consumer.subscribe("t").error().code, Errc::closed);
}

TEST_F(ConsumerTest, AfterUnsubscribingNothingMoreComes) {
  fill("t", 5);
  broker.add_topic("other", 1);
  Consumer consumer(client);
  ASSERT_TRUE(consumer.subscribe("t"));
  consumer.unsubscribe("t");
  ASSERT_TRUE(consumer.subscribe("other"));
  fill("other", 1);
  const auto batch = consumer.next();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->topic(), "other");
  EXPECT_TRUE(consumer.subscribe("t")) << "and it can be followed again";
}

TEST_F(ConsumerTest, ASubscribeThatIsNotAnsweredTimesOut) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::Subscribe>(message) ? RequestAction::ignore : RequestAction::answer;
  });
  auto impatient = options();
  impatient.request_timeout = kSoon;
  Client other(impatient);
  Consumer consumer(other);
  EXPECT_EQ(consumer.subscribe("t").error().code, Errc::timed_out);
}

TEST_F(ConsumerTest, DestructionWithWorkPending) {
  auto other = std::make_unique<Client>(options());
  auto consumer = std::make_unique<Consumer>(*other);
  ASSERT_TRUE(consumer->subscribe("t"));
  auto next = consumer->async_next(asio::use_future);
  auto subscribe = consumer->async_subscribe("elsewhere", {}, asio::use_future);
  other.reset();
  EXPECT_EQ(next.get().error().code, Errc::closed);
  EXPECT_TRUE(subscribe.get().has_error());
  EXPECT_EQ(consumer->next().error().code, Errc::closed);
}

}  // namespace
}  // namespace leat::testing
