#include <poll.h>

#include <algorithm>
#include <thread>

#include "server/support/memory.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::Deliver;
using native::TopicPartition;

constexpr std::uint32_t kMuch = 1U << 30;
constexpr int kSmallSocketBuffer = 16 << 10;

class BackPressure : public ServerTest {
 protected:
  void fill(const TopicPartition& target, int batches, std::size_t batch_bytes) {
    RawClient publisher = client();
    const auto batch = large_batch(batch_bytes);
    std::vector<std::uint64_t> sent;
    for (int i = 0; i < batches; ++i) sent.push_back(publisher.start_publish(target, batch));
    for (const std::uint64_t correlation : sent) ASSERT_TRUE(publisher.wait_for_ack(correlation).has_value());
  }
  static void expect_all(RawClient& subscriber, std::int64_t end) {
    while (std::get<Deliver>(subscriber.wait_for<Deliver>().message).next_offset < Offset(end)) continue;
  }
};

TEST_F(BackPressure, SubscribersThatDoNotReadCostLittleAndHoldUpNobody) {
  config.storage.tail_cache_bytes = 4 * kMiB;
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 200, 100'000);
  const std::size_t before = resident_bytes();
  std::vector<RawClient> idle;
  for (std::uint32_t i = 0; i < 50; ++i) {
    idle.push_back(client(kSmallSocketBuffer));
    idle.back().send(native::Subscribe{1, target, Offset(0), kMuch}, 77);
  }
  RawClient eager = client();
  ASSERT_TRUE(eager.ask_for<native::SubscribeReply>(native::Subscribe{1, target, Offset(0), kMuch}).has_value());
  expect_all(eager, 200);
  fill(target, 50, 100'000);
  expect_all(eager, 250);
  const std::size_t grown = resident_bytes() - std::min(before, resident_bytes());
  if (kMemoryIsMeaningful) {
    EXPECT_LT(grown, 50U << 20) << "for 50 subscribers that are 25 MB behind";
  }
  expect_all(idle.front(), 250);
  expect_all(idle.back(), 250);
}

TEST_F(BackPressure, AnswersThatNobodyReadsStopTheReadingOfRequests) {
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 40, 100'000);
  const std::size_t before = resident_bytes();
  // Each asks for 4 MB a hundred times and reads nothing of it.
  std::vector<RawClient> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(client(kSmallSocketBuffer));
    for (std::uint64_t n = 1; n <= 100; ++n) deaf.back().send(native::Read{target, Offset(0), 4 << 20}, 1000 + n);
  }
  RawClient good = client();
  for (int i = 0; i < 20; ++i) ASSERT_FALSE(good.ask(native::Read{target, Offset(0), 4 << 20}).payload.empty());
  const std::size_t grown = resident_bytes() - std::min(before, resident_bytes());
  if (kMemoryIsMeaningful) {
    EXPECT_LT(grown, 100U << 20);
  }
  for (std::uint64_t n = 1; n <= 100; ++n) ASSERT_FALSE(deaf.front().wait_for<native::ReadReply>().payload.empty()) << n;
}

TEST_F(BackPressure, APublisherThatDoesNotReadItsAnswersIsNotReadEither) {
  config.limits.session_outbox_bytes_max = 64 * kKiB;
  start();
  RawClient deaf = client(kSmallSocketBuffer);
  const auto batch = batch_of({"x"});
  // Refused at once with an answer larger than itself: without a limit these answers would pile up.
  std::vector<std::byte> frames;
  native::encode_frame(native::Publish{{TopicId{}, PartitionId(0)}, native::AckLevel::durable}, 1, batch.size(), frames);
  frames.insert(frames.end(), batch.begin(), batch.end());
  std::vector<std::byte> many;
  while (many.size() < (1U << 20)) many.insert(many.end(), frames.begin(), frames.end());
  std::size_t answered_bytes = 0;
  {
    const std::jthread sender([&] {
      for (int i = 0; i < 40; ++i) deaf.send_bytes(many);
    });
    expect_serves_a_good_client();
    // Only now does it read: everything is answered after all.
    const std::size_t expected = many.size() / frames.size() * 40;
    for (std::size_t i = 0; i < expected; ++i) {
      const auto frame = deaf.receive();
      ASSERT_TRUE(frame.has_value());
      ASSERT_EQ(frame->error_code(), Errc::unknown_topic);
      answered_bytes += frame->header_bytes;
    }
  }
  EXPECT_GT(answered_bytes, 20U << 20);
}

TEST_F(BackPressure, WhatIsInFlightOnAConnectionIsBounded) {
  config.topic_defaults.max_message_bytes = 62 * kKiB;
  config.limits.frame_bytes_max = 64 * kKiB;
  config.limits.session_in_flight_bytes_max = 64 * kKiB;
  start();
  const TopicPartition target = create_partition("orders");
  fill(target, 300, 60'000);
  RawClient reader = client();
  ASSERT_TRUE(reader.ask_for<native::SubscribeReply>(native::Subscribe{1, target, Offset(0), kMuch}).has_value());
  expect_all(reader, 300);
}

}  // namespace
}  // namespace leat::server
