#include "leat/producer.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <set>
#include <thread>

#include "leat/admin.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

class ProducerTest : public BrokerTest {
 protected:
  ProducerTest() { broker.add_topic("t", 1); }

  /// Acknowledges nothing until the test says so.
  void withhold_acks() {
    broker.on_publish([](const SeenPublish&) { return PublishAction{PublishAction::Kind::store_and_withhold}; });
  }
  std::set<int> partitions_published() const {
    std::set<int> seen;
    for (const SeenPublish& publish : broker.publishes()) seen.insert(publish.partition.value());
    return seen;
  }

  Client client{options()};
};

TEST_F(ProducerTest, PublishTellsWhereTheRecordIs) {
  Producer producer(client);
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("a")));
  const auto delivery = producer.publish("t", {.value = as_bytes("b"), .timestamp = 1234});
  ASSERT_TRUE(delivery.has_value()) << delivery.error().message();
  EXPECT_EQ(delivery->offset, Offset(1));
  EXPECT_EQ(delivery->partition, PartitionId(0));
  EXPECT_EQ(delivery->timestamp, 1234);
  EXPECT_EQ(delivery->level, AckLevel::durable);
  EXPECT_THAT(broker.values("t"), ::testing::ElementsAre("a", "b"));
}

TEST_F(ProducerTest, RecordsAndCallbacksComeInOrder) {
  Producer producer(client, producer_options());
  Outcomes outcomes;
  send_numbers(producer, "t", 10'000, &outcomes);
  ASSERT_TRUE(producer.flush());
  EXPECT_EQ(broker.values("t"), numbers(10'000));
  const auto told = outcomes.wait(10'000);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(told[static_cast<std::size_t>(i)], std::to_string(i) + "@" + std::to_string(i));
}

TEST_F(ProducerTest, TheCallersBytesAreTheCallersAgain) {
  Producer producer(client);
  std::string value = "before";
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text(value)));
  value = "after!";
  ASSERT_TRUE(producer.flush());
  EXPECT_THAT(broker.values("t"), ::testing::ElementsAre("before"));
}

TEST_F(ProducerTest, EveryCodecArrives) {
  for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    auto opts = producer_options();
    opts.codec = codec;
    Producer producer(client, opts);
    const std::string compressible(10'000, 'x');
    ASSERT_TRUE(producer.publish("t", OutgoingRecord::text(compressible)));
    EXPECT_EQ(broker.values("t").back(), compressible);
    EXPECT_EQ(broker.publishes().back().header.codec(), codec);
  }
}

TEST_F(ProducerTest, GathersRecordsWhileBatchesAreUnacknowledged) {
  auto opts = producer_options();
  opts.in_flight_batches_max = 1;
  Producer producer(client, opts);
  withhold_acks();
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("first")));
  broker.wait_for_publishes(1);
  send_numbers(producer, "t", 100);
  broker.on_publish({});
  broker.release_acks();
  ASSERT_TRUE(producer.flush());
  ASSERT_EQ(broker.publishes().size(), 2U);
  EXPECT_EQ(broker.publishes()[1].header.record_count, 100);
}

TEST_F(ProducerTest, BeyondFiveBatchesOnlyFullOnesLeave) {
  auto opts = producer_options();
  opts.batch_bytes_max = 1'000;
  Producer producer(client, opts);
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("first")));
  withhold_acks();
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(producer.send("t", OutgoingRecord::text("one of five")));
    broker.wait_for_publishes(2 + i);
  }
  for (const std::size_t bytes : {100U, 100U, 300U, 300U, 300U}) {
    ASSERT_TRUE(producer.send("t", OutgoingRecord::text(std::string(bytes, 'x'))));
  }
  broker.wait_for_publishes(7);
  EXPECT_EQ(broker.publishes()[6].header.record_count, 4) << "those that a batch holds";
  broker.on_publish({});
  broker.release_acks();
  ASSERT_TRUE(producer.flush());
  ASSERT_EQ(broker.publishes().size(), 8U);
  EXPECT_EQ(broker.publishes()[7].header.record_count, 1);
}

TEST_F(ProducerTest, ABatchIsClosedAtItsSize) {
  auto opts = producer_options();
  opts.batch_bytes_max = 1'000;
  opts.linger = std::chrono::hours(1);
  Producer producer(client, opts);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(producer.send("t", OutgoingRecord::text(std::string(300, 'x'))));
  broker.wait_for_publishes(3);
  EXPECT_EQ(broker.publishes()[0].header.record_count, 3);
  EXPECT_LE(broker.publishes()[0].header.batch_bytes, 1'000U);
}

TEST_F(ProducerTest, LingerHoldsABatchUntilFlush) {
  auto opts = producer_options();
  opts.linger = std::chrono::hours(1);
  Producer producer(client, opts);
  send_numbers(producer, "t", 50);
  ASSERT_TRUE(producer.flush());
  ASSERT_EQ(broker.publishes().size(), 1U);
  EXPECT_EQ(broker.publishes()[0].header.record_count, 50);
}

TEST_F(ProducerTest, WhatWasFlushedBeforeItsTopicIsKnownDoesNotLinger) {
  auto opts = producer_options();
  opts.linger = std::chrono::hours(1);
  opts.delivery_timeout = std::chrono::hours(24);
  broker.accept_connections(false);
  Client other(options());
  Producer producer(other, opts);
  send_numbers(producer, "t", 50);
  auto flushed = producer.async_flush(asio::use_future);
  broker.accept_connections(true);
  ASSERT_EQ(flushed.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(broker.publishes().size(), 1U);
}

TEST_F(ProducerTest, LingerEnds) {
  auto opts = producer_options();
  opts.linger = kSoon;
  Producer producer(client, opts);
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("a")));
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("b")));
}

TEST_F(ProducerTest, KeysChooseThePartitionAsKafkaDoes) {
  broker.add_topic("many", 10);
  Producer producer(client);
  for (const auto* key : {"21", "foobar", "abc"}) {
    EXPECT_EQ(producer.publish("many", OutgoingRecord::text(key, "v"))->partition, partition_for_key(as_bytes(key), 10));
  }
}

TEST_F(ProducerTest, RecordsWithoutAKeyReachEveryPartition) {
  broker.add_topic("many", 4);
  Producer producer(client);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(producer.publish("many", OutgoingRecord::text("v")));
  EXPECT_THAT(partitions_published(), ::testing::ElementsAre(0, 1, 2, 3));
}

TEST_F(ProducerTest, AnExplicitPartitionIsTaken) {
  broker.add_topic("many", 4);
  Producer producer(client);
  const auto delivery = producer.publish("many", {.key = as_bytes("k"), .value = as_bytes("v"), .partition = PartitionId(3)});
  EXPECT_EQ(delivery->partition, PartitionId(3));
  EXPECT_EQ(producer.publish("many", {.value = as_bytes("v"), .partition = PartitionId(4)}).error().code,
            Errc::unknown_partition);
}

TEST_F(ProducerTest, AnAddedPartitionIsFound) {
  Producer producer(client);
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  const OutgoingRecord record{.value = as_bytes("v"), .partition = PartitionId(1)};
  ASSERT_EQ(producer.publish("t", record).error().code, Errc::unknown_partition);
  ASSERT_TRUE(Admin(client).alter_topic({.name = "t", .partitions = 2}));
  while (producer.publish("t", record).has_error()) {
  }
  EXPECT_EQ(broker.values("t", 1).size(), 1U);
}

TEST_F(ProducerTest, AFullBufferSaysSoAndHasRoomAgain) {
  auto opts = producer_options();
  opts.buffer_bytes_max = 10'000;
  Producer producer(client, opts);
  withhold_acks();
  const std::string value(1'000, 'x');
  Result<void> sent = ok();
  int accepted = 0;
  while ((sent = producer.try_send("t", OutgoingRecord::text(value)))) ++accepted;
  EXPECT_EQ(sent.error().code, Errc::would_block);
  EXPECT_EQ(accepted, 9);
  EXPECT_LE(producer.buffered_bytes(), 10'000U);
  auto waiting = producer.async_send("t", OutgoingRecord::text(value), {}, asio::use_future);
  EXPECT_EQ(producer.try_send("t", OutgoingRecord::text("small")).error().code, Errc::would_block) << "others wait already";
  broker.wait_for_publishes(1);
  broker.on_publish({});
  broker.release_acks();
  EXPECT_TRUE(waiting.get());
  EXPECT_TRUE(producer.send("t", OutgoingRecord::text(value)));
  EXPECT_TRUE(producer.flush());
  EXPECT_EQ(producer.buffered_bytes(), 0U);
  EXPECT_EQ(broker.values("t").size(), 11U);
}

TEST_F(ProducerTest, SendBlocksUntilThereIsRoom) {
  auto opts = producer_options();
  opts.buffer_bytes_max = 2'000;
  Producer producer(client, opts);
  std::thread other([&] { send_numbers(producer, "t", 2'000); });
  send_numbers(producer, "t", 2'000);
  other.join();
  ASSERT_TRUE(producer.flush());
  EXPECT_EQ(broker.values("t").size(), 4'000U);
}

TEST_F(ProducerTest, ARecordThatCouldNeverFitIsRefused) {
  auto opts = producer_options();
  opts.buffer_bytes_max = 1'000;
  Producer producer(client, opts);
  EXPECT_EQ(producer.try_send("t", OutgoingRecord::text(std::string(1'001, 'x'))).error().code, Errc::batch_too_large);
  EXPECT_EQ(producer.send("t", OutgoingRecord::text(std::string(1'001, 'x'))).error().code, Errc::batch_too_large);
}

TEST_F(ProducerTest, ABatchBeyondTheBrokersFramesFailsAlone) {
  Producer producer(client, producer_options());
  EXPECT_EQ(producer.publish("t", OutgoingRecord::text(std::string(9 << 20, 'x'))).error().code, Errc::batch_too_large);
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
}

TEST_F(ProducerTest, WaitingForRoomCanBeCancelled) {
  auto opts = producer_options();
  opts.buffer_bytes_max = 1'000;
  Producer producer(client, opts);
  withhold_acks();
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text(std::string(900, 'x'))));
  asio::io_context context;
  asio::cancellation_signal signal;
  std::optional<Errc> code;
  producer.async_publish("t", OutgoingRecord::text(std::string(900, 'y')),
                         asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(context, [&](const Result<Delivery>& d) {
                                                        code = d.error().code;
                                                      })));
  signal.emit(asio::cancellation_type::total);
  context.run();
  EXPECT_EQ(code, Errc::cancelled);
}

TEST_F(ProducerTest, RespectsWhatTheBrokerTakesUnacknowledged) {
  broker.set_in_flight_bytes_max(1'000);
  broker.add_topic("many", 8);
  Client other(options());
  Producer producer(other, single_record_batches());
  std::int64_t unacknowledged = 0;
  std::int64_t most = 0;
  broker.on_publish([&](const SeenPublish& seen) {
    unacknowledged += static_cast<std::int64_t>(seen.header.batch_bytes);
    most = std::max(most, unacknowledged);
    return PublishAction{PublishAction::Kind::store_and_withhold};
  });
  for (int i = 0; i < 32; ++i) {
    ASSERT_TRUE(producer.send("many", {.value = as_bytes(std::string(400, 'x')), .partition = PartitionId(i % 8)}));
  }
  auto flushed = producer.async_flush(asio::use_future);
  for (std::size_t done = 0; done < 32;) {
    broker.wait_until([&] { return unacknowledged > 0; });
    broker.with_partition("many", 0, [&](FakePartition&) { unacknowledged = 0; });
    broker.release_acks();
    done = 0;
    for (int partition = 0; partition < 8; ++partition) done += broker.values("many", partition).size();
  }
  broker.release_acks();
  EXPECT_TRUE(flushed.get());
  EXPECT_LE(most, 1'000);
}

TEST_F(ProducerTest, UnknownTopicsFailTheirRecordsOnly) {
  Producer producer(client);
  EXPECT_EQ(producer.publish("nowhere", OutgoingRecord::text("v")).error().code, Errc::unknown_topic);
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  broker.add_topic("nowhere", 1);
  EXPECT_TRUE(producer.publish("nowhere", OutgoingRecord::text("v"))) << "asked about anew";
}

TEST_F(ProducerTest, ATopicCreatedAnewGetsTheRecords) {
  Producer producer(client, producer_options());
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("old")));
  broker.remove_topic("t");
  broker.add_topic("t", 1);
  EXPECT_EQ(producer.publish("t", OutgoingRecord::text("new"))->offset, Offset(0));
}

TEST_F(ProducerTest, ADeletedTopicFailsItsRecordsInOrder) {
  Producer producer(client, single_record_batches());
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  broker.remove_topic("t");
  Outcomes outcomes;
  for (const auto* name : {"a", "b", "c"}) ASSERT_TRUE(producer.send("t", OutgoingRecord::text(name), outcomes.callback(name)));
  EXPECT_THAT(outcomes.wait(3), ::testing::ElementsAre("a!unknown_topic", "b!unknown_topic", "c!unknown_topic"));
}

TEST_F(ProducerTest, CallbacksMayPublish) {
  Producer producer(client);
  std::promise<Offset> second;
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("a"), [&](const Result<Delivery>&) {
    ASSERT_TRUE(
        producer.try_send("t", OutgoingRecord::text("b"), [&](const Result<Delivery>& d) { second.set_value(d->offset); }));
  }));
  EXPECT_EQ(second.get_future().get(), Offset(1));
}

TEST_F(ProducerTest, DestructionFailsWhatIsUnacknowledged) {
  withhold_acks();
  Outcomes outcomes;
  {
    Producer producer(client, producer_options());
    ASSERT_TRUE(producer.send("t", OutgoingRecord::text("a"), outcomes.callback("a")));
    broker.wait_for_publishes(1);
    ASSERT_TRUE(producer.send("t", OutgoingRecord::text("b"), outcomes.callback("b")));
    ASSERT_TRUE(producer.send("elsewhere", OutgoingRecord::text("c")));
  }
  EXPECT_THAT(outcomes.wait(2), ::testing::ElementsAre("a!closed", "b!closed"));
}

TEST_F(ProducerTest, MayOutliveItsClient) {
  withhold_acks();
  auto other = std::make_unique<Client>(options());
  Producer producer(*other);
  Outcomes outcomes;
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text("a"), outcomes.callback("a")));
  other.reset();
  EXPECT_THAT(outcomes.wait(1), ::testing::ElementsAre("a!closed"));
  EXPECT_EQ(producer.publish("t", OutgoingRecord::text("b")).error().code, Errc::closed);
  EXPECT_EQ(producer.flush().error().code, Errc::closed);
}

TEST_F(ProducerTest, AClosedProducerAcceptsNothing) {
  Producer producer(client);
  producer.close();
  EXPECT_EQ(producer.flush().error().code, Errc::closed);
  EXPECT_EQ(producer.try_send("t", OutgoingRecord::text("v")).error().code, Errc::closed);
  EXPECT_EQ(producer.publish("t", OutgoingRecord::text("v")).error().code, Errc::closed);
}

TEST_F(ProducerTest, ManyThreadsShareOne) {
  broker.add_topic("many", 3);
  Producer producer(client, producer_options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string value = std::to_string(t) + ":" + std::to_string(i);
        ASSERT_TRUE(producer.send("many", {.value = as_bytes(value), .partition = PartitionId(t % 3)}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(producer.flush());
  std::map<char, int> next;
  for (int partition = 0; partition < 3; ++partition) {
    for (const std::string& value : broker.values("many", partition)) {
      ASSERT_EQ(value.substr(2), std::to_string(next[value[0]]++)) << "of thread " << value[0];
    }
  }
  EXPECT_EQ(next, (std::map<char, int>{{'0', 2'000}, {'1', 2'000}, {'2', 2'000}, {'3', 2'000}}));
}

}  // namespace
}  // namespace leat::testing
