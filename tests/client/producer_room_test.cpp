// What a producer does when something is too large or there is no room: in its buffer, at the broker, in a frame.
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "leat/admin.hpp"
#include "leat/producer.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

class ProducerRoomTest : public BrokerTest {
 protected:
  ProducerRoomTest() { broker.add_topic("t", 1); }

  /// Acknowledges nothing until the test says so.
  void withhold_acks() {
    broker.on_publish([](const SeenPublish&) { return PublishAction{PublishAction::Kind::store_and_withhold}; });
  }

  Client client{options()};
};

TEST_F(ProducerRoomTest, WhoWaitsBehindOneThatIsCancelledIsLetIn) {
  auto opts = producer_options();
  opts.buffer_bytes_max = 1'000;
  Producer producer(client, opts);
  withhold_acks();
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text(std::string(500, 'x'))));
  asio::io_context context;
  asio::cancellation_signal signal;
  producer.async_publish("t", OutgoingRecord::text(std::string(900, 'y')),
                         asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(context, [](const auto&) {})));
  auto behind = producer.async_send("t", OutgoingRecord::text("z"), {}, asio::use_future);
  signal.emit(asio::cancellation_type::total);
  ASSERT_EQ(behind.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(behind.get());
  context.run();
}

TEST_F(ProducerRoomTest, ATopicNameThatNoTopicCanHaveIsRefusedAtOnce) {
  Producer producer(client, producer_options());
  EXPECT_EQ(producer.try_send(std::string(1 << 20, 't'), OutgoingRecord::text("v")).error().code, Errc::invalid_topic_name);
  Admin admin(client);
  EXPECT_EQ(admin.describe_topic(std::string(9 << 20, 't')).error().code, Errc::invalid_topic_name);
  EXPECT_EQ(admin.list_offsets(std::string(9 << 20, 't'), PartitionId(0), {}).error().code, Errc::invalid_topic_name);
  EXPECT_EQ(broker.connections(), 1);
}

TEST_F(ProducerRoomTest, ABatchThatTheBrokersFramesHoldNoLongerFailsAlone) {
  Producer producer(client, producer_options());
  Outcomes outcomes;
  broker.on_publish([](const SeenPublish&) { return PublishAction{PublishAction::Kind::ignore}; });
  ASSERT_TRUE(producer.send("t", OutgoingRecord::text(std::string(10'000, 'x')), outcomes.callback("large")));
  broker.wait_for_publishes(1);
  broker.on_publish({});
  broker.set_frame_bytes_max(4'000);
  broker.drop_connections();
  EXPECT_THAT(outcomes.wait(1), ::testing::ElementsAre("large!batch_too_large"));
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  EXPECT_EQ(broker.connections(), 2);
}

/// One batch that was given up, and is still on its way or in the broker's hands.
TEST_F(ProducerRoomTest, WhatWasGivenUpCountsUntilTheBrokerAnswers) {
  broker.set_in_flight_bytes_max(1'000);
  Client other(options());
  auto hasty = single_record_batches();
  hasty.delivery_timeout = kSoon;
  Producer giving_up(other, hasty);
  withhold_acks();
  while (broker.publishes().empty()) {
    EXPECT_EQ(giving_up.publish("t", OutgoingRecord::text(std::string(800, 'x'))).error().code, Errc::timed_out);
  }
  Producer producer(other, single_record_batches());
  auto delivered = producer.async_publish("t", OutgoingRecord::text(std::string(800, 'y')), asio::use_future);
  ASSERT_TRUE(Admin(other).list_topics());
  ASSERT_TRUE(Admin(other).list_topics());
  EXPECT_EQ(broker.publishes().size(), 1U);
  broker.on_publish({});
  broker.release_acks();
  EXPECT_TRUE(delivered.get());
}

/// The broker has room for one batch at a time, and a partition that always has the next one ready must not take all of it.
TEST_F(ProducerRoomTest, PartitionsTakeTurnsForTheBrokersRoom) {
  broker.set_in_flight_bytes_max(1);
  broker.add_topic("many", 2);
  Client other(options());
  Producer producer(other, single_record_batches());
  withhold_acks();  // until both partitions have everything before them
  for (int i = 0; i < 200; ++i) {
    const OutgoingRecord record{.value = as_bytes("v"), .partition = PartitionId(i < 100 ? 0 : 1)};
    ASSERT_TRUE(producer.send("many", record));
  }
  broker.wait_for_publishes(1);
  broker.on_publish({});
  broker.release_acks();
  ASSERT_TRUE(producer.flush());
  const auto seen = broker.publishes();
  const auto of_the_second = std::count_if(seen.begin(), seen.begin() + 100,
                                           [](const SeenPublish& publish) { return publish.partition == PartitionId(1); });
  EXPECT_GE(of_the_second, 25);
}

}  // namespace
}  // namespace leat::testing
