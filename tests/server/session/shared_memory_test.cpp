#include <thread>

#include "server/support/memory.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::TopicPartition;

constexpr int kSmallSocketBuffer = 16 << 10;

/// A publish of one record of so many bytes, as it goes over the wire.
std::vector<std::byte> publish_frame(const TopicPartition& target, std::size_t value_bytes, std::uint64_t correlation = 1000) {
  const auto batch = large_batch(value_bytes);
  std::vector<std::byte> frame;
  native::encode_frame(native::Publish{target, native::AckLevel::durable}, correlation, batch.size(), frame);
  frame.insert(frame.end(), batch.begin(), batch.end());
  return frame;
}

/// What all connections hold together, and what becomes of those that hold it for long.
class SharedMemory : public ServerTest {
 protected:
  SharedMemory() {
    config.topic_defaults.max_message_bytes = 7 * kMiB;
    config.storage.journal_file_bytes = 16 * kMiB;
  }

  void start_with_topic() {
    start();
    target = create_partition("orders");
  }
  /// Connections that have each sent as much of a large frame as the broker took, without its end.
  std::vector<RawClient> unfinished(std::size_t connections) {
    std::vector<std::byte> frame = publish_frame(target, 6U << 20);
    frame.pop_back();
    std::vector<RawClient> clients;
    std::vector<std::size_t> sent(connections);
    for (std::size_t i = 0; i < connections; ++i) clients.push_back(client());
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < connections; ++i) sent[i] += clients[i].send_some(std::span(frame).subspan(sent[i]));
      EXPECT_TRUE(client().ask_for<native::Pong>(native::Ping{}).has_value());
    }
    return clients;
  }
  std::size_t grown_since(std::size_t before) {
    const std::size_t now = resident_bytes();
    return now > before ? now - before : 0;
  }

  TopicPartition target;
};

TEST_F(SharedMemory, UnfinishedFramesOfAllConnectionsHaveOneLimit) {
  start_with_topic();
  const std::size_t before = resident_bytes();
  const std::vector<RawClient> half = unfinished(200);
  if (kMemoryIsMeaningful) {
    EXPECT_LT(grown_since(before), 150U << 20) << "1.2 GB were on their way, and this test has 13 MB itself";
  }
  expect_serves_a_good_client();
}

TEST_F(SharedMemory, LargeFramesAreReceivedInTurn) {
  config.limits.receive_bytes_max = 8 * kMiB;
  start_with_topic();
  std::vector<RawClient> publishers;
  std::vector<std::vector<std::byte>> rest;
  for (std::uint64_t i = 0; i < 20; ++i) {
    publishers.push_back(client());
    std::vector<std::byte> frame = publish_frame(target, 3U << 20, 1000 + i);
    const std::size_t sent = publishers.back().send_some(frame);
    rest.emplace_back(frame.begin() + static_cast<std::ptrdiff_t>(sent), frame.end());
  }
  // Backwards: the last one can only finish when those before it have waited, or were served, in their turn.
  std::vector<std::jthread> senders;
  for (std::size_t i = publishers.size(); i-- > 0;) {
    senders.emplace_back([&, i] {
      publishers[i].send_bytes(rest[i]);
      EXPECT_TRUE(publishers[i].wait_for_ack(1000 + i).has_value()) << i;
    });
  }
}

TEST_F(SharedMemory, AFrameThatIsNeverFinishedIsGivenUpAndOthersGetItsMemory) {
  config.limits.receive_bytes_max = 8 * kMiB;
  config.limits.frame_timeout_ms = 100;
  start_with_topic();
  std::vector<RawClient> half = unfinished(8);
  RawClient good = client();
  EXPECT_TRUE(good.publish(target, large_batch(5U << 20)).has_value());
  for (RawClient& one : half) EXPECT_TRUE(one.is_closed());
}

TEST_F(SharedMemory, AConnectionThatIsQuietBetweenFramesIsNotGivenUp) {
  config.limits.frame_timeout_ms = 100;
  start_with_topic();
  RawClient quiet = client();
  RawClient slow = client();
  const auto frame = publish_frame(target, 100);
  slow.send_bytes(std::span(frame).first(20));
  EXPECT_TRUE(slow.is_closed()) << "after more than the time";
  EXPECT_TRUE(quiet.ask_for<native::Pong>(native::Ping{}).has_value());
}

TEST_F(SharedMemory, AnswersThatNobodyReadsHaveOneLimit) {
  start_with_topic();
  RawClient publisher = client();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(publisher.publish(target, large_batch(3U << 20)).has_value());
  const std::size_t before = resident_bytes();
  std::vector<RawClient> deaf;
  for (int i = 0; i < 200; ++i) {
    deaf.push_back(client(kSmallSocketBuffer));
    for (std::uint64_t n = 0; n < 4; ++n) deaf.back().send(native::Read{target, Offset(0), 4 << 20}, 1000 + n);
  }
  EXPECT_TRUE(publisher.publish(target, large_batch(1000)).has_value());
  EXPECT_TRUE(publisher.ask_for<native::Pong>(native::Ping{}).has_value());
  if (kMemoryIsMeaningful) {
    EXPECT_LT(grown_since(before), 120U << 20) << "800 answers of 3 MB were asked for";
  }
}

TEST_F(SharedMemory, APeerThatTakesNothingIsGivenUpAndOthersAreAnswered) {
  config.limits.send_bytes_max = 8 * kMiB;
  config.limits.send_timeout_ms = 100;
  start_with_topic();
  RawClient publisher = client();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(publisher.publish(target, large_batch(6U << 20)).has_value());
  std::vector<RawClient> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(client(kSmallSocketBuffer));
    deaf.back().send(native::Read{target, Offset(0), 4 << 20}, 1000);
    deaf.back().send(native::Subscribe{1, target, Offset(0), 1U << 30}, 1001);
  }
  EXPECT_FALSE(client().ask(native::Read{target, Offset(0), 4 << 20}).payload.empty());
}

TEST_F(SharedMemory, DeafPeersGoWhenOthersNeedTheMemoryThatTheyKeep) {
  config.limits.send_bytes_max = 8 * kMiB;
  config.limits.send_timeout_ms = 600'000;
  start_with_topic();
  RawClient publisher = client();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(publisher.publish(target, large_batch(6U << 20)).has_value());
  std::vector<RawClient> deaf;
  for (int i = 0; i < 4; ++i) {
    deaf.push_back(client(kSmallSocketBuffer));
    deaf.back().send(native::Read{target, Offset(0), 4 << 20}, 1000);
  }
  EXPECT_FALSE(client().ask(native::Read{target, Offset(0), 4 << 20}).payload.empty());
}

TEST_F(SharedMemory, UnfinishedFramesAreGivenUpWhenOthersNeedTheMemoryThatTheyKeep) {
  config.limits.receive_bytes_max = 8 * kMiB;
  config.limits.frame_timeout_ms = 600'000;
  start_with_topic();
  const std::vector<RawClient> half = unfinished(4);
  RawClient good = client();
  EXPECT_TRUE(good.publish(target, large_batch(5U << 20)).has_value());
}

TEST_F(SharedMemory, DeliveriesOfAllConnectionsHaveOneLimitAndAreMadeInTurn) {
  config.limits.send_bytes_max = kMiB;
  start_with_topic();
  RawClient publisher = client();
  std::vector<RawClient> subscribers;
  for (int i = 0; i < 30; ++i) {
    subscribers.push_back(client(kSmallSocketBuffer));
    ASSERT_TRUE(
        subscribers.back().ask_for<native::SubscribeReply>(native::Subscribe{1, target, Offset(0), 1U << 30}).has_value());
  }
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(publisher.publish(target, large_batch(50'000)).has_value());
  for (RawClient& subscriber : subscribers) {
    while (std::get<native::Deliver>(subscriber.wait_for<native::Deliver>().message).next_offset < Offset(40)) continue;
  }
}

}  // namespace
}  // namespace leat::server
