#include <set>
#include <thread>

#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::Credit;
using native::Deliver;
using native::Subscribe;
using native::SubscribeReply;
using native::SubscriptionEnded;
using native::TopicPartition;
using native::Unsubscribe;

constexpr std::uint32_t kMuch = 1U << 30;

class Subscribing : public ServerTest {
 protected:
  void fill(const TopicPartition& target, int records, int first = 0) {
    RawClient publisher = client();
    std::vector<std::uint64_t> sent;
    for (int i = 0; i < records; ++i) sent.push_back(publisher.start_publish(target, batch_of({std::to_string(first + i)})));
    for (const std::uint64_t correlation : sent) ASSERT_TRUE(publisher.wait_for_ack(correlation).has_value());
  }
  static Result<SubscribeReply> subscribe(RawClient& client, const TopicPartition& target, std::int64_t from,
                                          std::uint32_t credit_bytes = kMuch, std::uint32_t number = 1) {
    return client.ask_for<SubscribeReply>(Subscribe{number, target, Offset(from), credit_bytes});
  }
  /// Receives until the record before `end` has come, and checks that they come from `from` on without a gap.
  static void expect_records(RawClient& client, std::int64_t from, std::int64_t end, std::uint32_t number = 1) {
    while (from < end) {
      const Frame frame = client.wait_for<Deliver>();
      const auto& deliver = std::get<Deliver>(frame.message);
      ASSERT_EQ(deliver.subscription, number);
      for (const StoredRecord& record : records_of(frame.payload)) {
        ASSERT_EQ(record, (StoredRecord{Offset(from), std::to_string(from)}));
        ++from;
      }
      ASSERT_EQ(deliver.next_offset, Offset(from));
      ASSERT_GE(deliver.high_watermark, deliver.next_offset);
    }
  }
  /// Ends the subscription and counts what was still delivered before that.
  static std::size_t bytes_until_unsubscribed(RawClient& client, std::uint32_t number = 1) {
    EXPECT_TRUE(client.ask_for<native::Done>(Unsubscribe{number}).has_value());
    std::size_t bytes = 0;
    client.send(native::Ping{}, 99'999);
    while (true) {
      const auto frame = client.receive_any();
      if (!frame || frame->correlation == 99'999) return bytes;
      bytes += frame->payload.size();
    }
  }
};

TEST_F(Subscribing, FromTheBeginningTheMiddleAndTheEnd) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 100);
  for (const std::int64_t from : {0, 37, 100}) {
    RawClient subscriber = client();
    EXPECT_EQ(subscribe(subscriber, target, from).value(),
              (SubscribeReply{Offset(0), server->broker().topics().partition(target).value()->high_watermark()}));
    expect_records(subscriber, from, 100);
  }
}

TEST_F(Subscribing, FollowsWhatIsPublishedLater) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0).has_value());
  fill(target, 10);
  expect_records(subscriber, 0, 10);
  fill(target, 500, 10);
  expect_records(subscriber, 10, 510);
}

TEST_F(Subscribing, CatchesUpThroughTheFilesAndGoesOnAtTheTail) {
  config.storage.tail_cache_bytes = 0;
  start();
  const TopicPartition target = create_partition("orders", {{"segment.bytes", "65536"}});
  fill(target, 3000);
  restart();
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0).has_value());
  fill(target, 1000, 3000);
  expect_records(subscriber, 0, 4000);
}

TEST_F(Subscribing, WithoutCreditNothingComes) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 10);
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0, 0).has_value());
  fill(target, 10, 10);
  EXPECT_EQ(bytes_until_unsubscribed(subscriber), 0U);
}

TEST_F(Subscribing, NeverBringsMoreThanTheCreditAndOneBatch) {
  start();
  const TopicPartition target = create_partition("orders");
  const std::size_t batch_bytes = batch_of({"1"}).size();
  for (int i = 0; i < 10; ++i) fill(target, 10, 0);
  for (const std::size_t batches : {std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
    RawClient subscriber = client();
    const auto credit = static_cast<std::uint32_t>(batches * batch_bytes - 1);
    ASSERT_TRUE(subscribe(subscriber, target, 0, credit).has_value());
    std::size_t got = 0;
    while (got < credit) got += subscriber.wait_for<Deliver>().payload.size();
    EXPECT_EQ(got + bytes_until_unsubscribed(subscriber), batches * batch_bytes);
  }
}

TEST_F(Subscribing, MoreCreditGoesOnWhereItStopped) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 50);
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0, 1).has_value());
  expect_records(subscriber, 0, 1);
  for (std::int64_t next = 1; next < 50; ++next) {
    // One byte less than is owed would bring nothing; two more bring one batch.
    subscriber.send(Credit{1, static_cast<std::uint32_t>(batch_of({std::to_string(next - 1)}).size())}, 0);
    expect_records(subscriber, next, next + 1);
  }
  EXPECT_EQ(bytes_until_unsubscribed(subscriber), 0U);
}

TEST_F(Subscribing, CreditWithoutEndAndForNobodyIsHarmless) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 10);
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0, 0xffffffff).has_value());
  for (int i = 0; i < 100; ++i) {
    subscriber.send(Credit{1, 0xffffffff}, 0);
    subscriber.send(Credit{2, 0xffffffff}, 0);
  }
  expect_records(subscriber, 0, 10);
}

TEST_F(Subscribing, OutsideTheLogIsRefused) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 10);
  RawClient subscriber = client();
  EXPECT_EQ(subscribe(subscriber, target, 11).error().code, Errc::offset_out_of_range);
  EXPECT_EQ(subscribe(subscriber, {TopicId{}, PartitionId(0)}, 0).error().code, Errc::unknown_topic);
  EXPECT_EQ(subscribe(subscriber, {target.topic, PartitionId(1)}, 0).error().code, Errc::unknown_partition);
  EXPECT_TRUE(subscribe(subscriber, target, 10).has_value()) << "its number is still free";
}

TEST_F(Subscribing, NumbersAreUniqueAndFreeAgainAfterwards) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0).has_value());
  EXPECT_EQ(subscribe(subscriber, target, 0).error().code, Errc::invalid_argument);
  ASSERT_TRUE(subscriber.ask_for<native::Done>(Unsubscribe{1}).has_value());
  EXPECT_EQ(subscriber.ask(Unsubscribe{1}).error_code(), Errc::unknown_subscription);
  EXPECT_TRUE(subscribe(subscriber, target, 0).has_value());
}

TEST_F(Subscribing, AsManyAsAConnectionMayHave) {
  config.limits.subscriptions_per_session_max = 2;
  start();
  const TopicPartition target = create_partition("orders");
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0, kMuch, 1).has_value());
  ASSERT_TRUE(subscribe(subscriber, target, 0, kMuch, 2).has_value());
  EXPECT_EQ(subscribe(subscriber, target, 0, kMuch, 3).error().code, Errc::limit_reached);
  ASSERT_TRUE(subscriber.ask_for<native::Done>(Unsubscribe{1}).has_value());
  EXPECT_TRUE(subscribe(subscriber, target, 0, kMuch, 3).has_value());
}

TEST_F(Subscribing, SeveralOnAConnectionEachGetEverythingInOrder) {
  start();
  const native::TopicInfo topic = create("orders", 4);
  RawClient subscriber = client();
  for (std::uint32_t p = 0; p < 4; ++p)
    ASSERT_TRUE(subscribe(subscriber, {topic.id, PartitionId(static_cast<std::int32_t>(p))}, 0, kMuch, p).has_value());
  ASSERT_TRUE(subscribe(subscriber, {topic.id, PartitionId(0)}, 0, kMuch, 4).has_value()) << "twice the same partition";
  for (int p = 0; p < 4; ++p) fill({topic.id, PartitionId(p)}, 200);
  std::map<std::uint32_t, std::int64_t> next;
  for (std::size_t records = 0; records < 1000;) {
    const Frame frame = subscriber.wait_for<Deliver>();
    std::int64_t& at = next[std::get<Deliver>(frame.message).subscription];
    for (const StoredRecord& record : records_of(frame.payload)) {
      ASSERT_EQ(record, (StoredRecord{Offset(at), std::to_string(at)}));
      ++at;
      ++records;
    }
  }
  EXPECT_EQ(next.size(), 5U);
}

TEST_F(Subscribing, ADeletedTopicEndsItsSubscriptions) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 5);
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0, kMuch, 1).has_value());
  ASSERT_TRUE(subscribe(subscriber, target, 5, 0, 2).has_value());
  expect_records(subscriber, 0, 5);
  ASSERT_TRUE(client().ask_for<native::Done>(native::DeleteTopic{"orders"}).has_value());
  std::set<std::uint32_t> ended;
  for (int i = 0; i < 2; ++i) {
    const auto end = std::get<SubscriptionEnded>(subscriber.wait_for<SubscriptionEnded>().message);
    EXPECT_EQ(end.code, Errc::unknown_topic);
    ended.insert(end.subscription);
  }
  EXPECT_EQ(ended, (std::set<std::uint32_t>{1, 2})) << "also the one without credit";
  EXPECT_EQ(subscriber.ask(Unsubscribe{1}).error_code(), Errc::unknown_subscription);
}

TEST_F(Subscribing, OneThatLosesItsRecordsIsToldSo) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 20);
  RawClient subscriber = client();
  ASSERT_TRUE(subscribe(subscriber, target, 0, 0).has_value());
  ASSERT_TRUE(client().ask_for<native::DeleteRecordsReply>(native::DeleteRecords{target, Offset(10)}).has_value());
  subscriber.send(Credit{1, kMuch}, 0);
  const auto end = std::get<SubscriptionEnded>(subscriber.wait_for<SubscriptionEnded>().message);
  EXPECT_EQ(end.code, Errc::offset_out_of_range);
  ASSERT_TRUE(subscribe(subscriber, target, 10).has_value());
  expect_records(subscriber, 10, 20);
}

TEST_F(Subscribing, ConcurrentPublishersAndSubscribersSeeOneOrder) {
  start();
  const TopicPartition target = create_partition("orders");
  constexpr int kPublishers = 3;
  constexpr int kEach = 500;
  std::vector<std::jthread> publishers;
  for (int p = 0; p < kPublishers; ++p) {
    publishers.emplace_back([this, target, p] {
      RawClient publisher = client();
      for (int i = 0; i < kEach; ++i)
        ASSERT_TRUE(publisher.publish(target, batch_of({std::to_string(p) + ":" + std::to_string(i)})).has_value());
    });
  }
  const auto follow = [&](std::vector<StoredRecord>& seen) {
    RawClient subscriber = client();
    ASSERT_TRUE(subscribe(subscriber, target, 0).has_value());
    while (seen.size() < std::size_t{kPublishers * kEach}) {
      for (StoredRecord& record : records_of(subscriber.wait_for<Deliver>().payload)) seen.push_back(std::move(record));
    }
  };
  std::vector<StoredRecord> first;
  std::vector<StoredRecord> second;
  {
    const std::jthread other([&] { follow(first); });
    follow(second);
  }
  EXPECT_EQ(first, second);
  std::array<int, kPublishers> next{};
  for (std::size_t i = 0; i < first.size(); ++i) {
    ASSERT_EQ(first[i].offset, Offset(static_cast<std::int64_t>(i)));
    const auto p = static_cast<std::size_t>(first[i].value[0] - '0');
    ASSERT_EQ(first[i].value, std::to_string(p) + ":" + std::to_string(next.at(p)++));
  }
}

}  // namespace
}  // namespace leat::server
