#include "client/tool/spread_consumer.hpp"

#include <set>
#include <thread>

#include "tests/client/fake/broker_test.hpp"

namespace leat::tool {
namespace {

class SpreadConsumerTest : public leat::testing::BrokerTest {
 protected:
  SpreadConsumerTest() { broker.add_topic("t", kPartitions); }

  static constexpr int kPartitions = 7;

  void publish_to_each() {
    Producer producer(client);
    for (int i = 0; i < kPartitions; ++i) {
      const std::string value = std::to_string(i);
      ASSERT_TRUE(producer.send("t", {.value = as_bytes(value), .partition = PartitionId(i)}));
    }
    ASSERT_TRUE(producer.flush());
  }
  void subscribe_to_all(SpreadConsumer& consumer) {
    for (int i = 0; i < kPartitions; ++i) ASSERT_TRUE(consumer.subscribe("t", Offset(0), PartitionId(i)));
  }

  Client client{options()};
};

TEST_F(SpreadConsumerTest, OneConnectionIsEnoughWhereTheBrokerTakesAll) {
  SpreadConsumer consumer(client, options());
  subscribe_to_all(consumer);
  EXPECT_EQ(consumer.connections(), 1U);
  EXPECT_FALSE(consumer.try_next().has_value());
  publish_to_each();
  EXPECT_TRUE(consumer.next().has_value());
}

TEST_F(SpreadConsumerTest, TakesAnotherConnectionForMoreThanTheBrokerTakesOfOne) {
  broker.set_subscriptions_max(3);
  SpreadConsumer consumer(client, options());
  subscribe_to_all(consumer);
  EXPECT_EQ(consumer.connections(), 3U);
  EXPECT_FALSE(consumer.try_next().has_value());
  for (int round = 0; round < 3; ++round) {
    publish_to_each();
    std::set<int> seen;
    while (seen.size() < kPartitions) {
      const auto batch = consumer.next();
      ASSERT_TRUE(batch.has_value()) << batch.error().message();
      seen.insert(batch->partition().value());
    }
  }
}

TEST_F(SpreadConsumerTest, CloseEndsAWait) {
  broker.set_subscriptions_max(3);
  SpreadConsumer consumer(client, options());
  subscribe_to_all(consumer);
  std::thread closing([&] { consumer.close(); });
  EXPECT_EQ(consumer.next().error().code, Errc::closed);
  closing.join();
}

}  // namespace
}  // namespace leat::tool
