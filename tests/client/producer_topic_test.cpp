// What a producer knows of its topics, and how it learns that they have changed.
#include <set>

#include "leat/admin.hpp"
#include "leat/producer.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

class ProducerTopicTest : public BrokerTest {
 protected:
  ProducerTopicTest() { broker.add_topic("t", 1); }

  std::set<int> partitions_published() const {
    std::set<int> seen;
    for (const SeenPublish& publish : broker.publishes()) seen.insert(publish.partition.value());
    return seen;
  }

  Client client{options()};
};

TEST_F(ProducerTopicTest, BatchesKeepToTheTopicsLimit) {
  broker.set_message_bytes_max("t", 1'000);
  auto opts = producer_options();
  opts.linger = std::chrono::hours(1);
  Producer producer(client, opts);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(producer.send("t", OutgoingRecord::text(std::string(300, 'x'))));
  ASSERT_TRUE(producer.flush());
  EXPECT_EQ(broker.values("t").size(), 20U);
  for (const SeenPublish& publish : broker.publishes()) EXPECT_LE(publish.header.batch_bytes, 1'000U);
}

TEST_F(ProducerTopicTest, ARecordBeyondTheTopicsLimitIsRefusedAtOnce) {
  broker.set_message_bytes_max("t", 1'000);
  Producer producer(client, producer_options());
  const std::string value(2'000, 'x');
  const auto delivery = producer.publish("t", OutgoingRecord::text(value));
  ASSERT_EQ(delivery.error().code, Errc::batch_too_large);
  EXPECT_THAT(delivery.error().message(), ::testing::ContainsRegex("a batch of 20[0-9]+ bytes, and t takes at most 1000"));
  EXPECT_EQ(producer.try_send("t", OutgoingRecord::text(value)).error().message(), delivery.error().message());
  EXPECT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  EXPECT_EQ(broker.publishes().size(), 1U);
}

TEST_F(ProducerTopicTest, ARaisedLimitIsLearntOf) {
  broker.set_message_bytes_max("t", 1'000);
  Producer producer(client, producer_options());
  const std::string value(2'000, 'x');
  ASSERT_EQ(producer.publish("t", OutgoingRecord::text(value)).error().code, Errc::batch_too_large);
  broker.set_message_bytes_max("t", 10'000);
  while (producer.publish("t", OutgoingRecord::text(value)).has_error()) {
  }
  EXPECT_EQ(broker.values("t").size(), 1U);
}

TEST_F(ProducerTopicTest, PartitionsAddedMeanwhileAreUsedAfterReconnecting) {
  Producer producer(client, producer_options());
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  ASSERT_TRUE(Admin(client).alter_topic({.name = "t", .partitions = 2}));
  broker.drop_connections();
  while (producer.publish("t", OutgoingRecord::text("v"))->partition == PartitionId(0)) {
  }
  EXPECT_THAT(partitions_published(), ::testing::ElementsAre(0, 1));
}

TEST_F(ProducerTopicTest, PartitionsAddedMeanwhileAreUsedInTime) {
  auto opts = producer_options();
  opts.topic_refresh_interval = std::chrono::milliseconds(5);
  Producer producer(client, opts);
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  ASSERT_TRUE(Admin(client).alter_topic({.name = "t", .partitions = 2}));
  while (producer.publish("t", OutgoingRecord::text("v"))->partition == PartitionId(0)) {
  }
  EXPECT_EQ(broker.connections(), 1);
}

}  // namespace
}  // namespace leat::testing
