#include <thread>

#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::AckLevel;
using native::TopicPartition;

class Publishing : public ServerTest {
 protected:
  record::ProducerStamp idempotent(RawClient& client, std::int32_t sequence) {
    if (producer_ == kNoProducer)
      producer_ = client.ask_for<native::InitProducerReply>(native::InitProducer{}).value().producer_id;
    return {producer_, 0, sequence};
  }
  std::vector<std::string> stored(const TopicPartition& target) {
    RawClient reader = client();
    std::vector<std::string> values;
    while (true) {
      const Offset next(static_cast<std::int64_t>(values.size()));
      const Frame frame = reader.ask(native::Read{target, next, 1 << 20});
      for (std::string& value : values_of(frame.payload)) values.push_back(std::move(value));
      if (frame.payload.empty()) return values;
    }
  }
  ProducerId producer_ = kNoProducer;
};

TEST_F(Publishing, EachLevelIsReachedAndNamed) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  EXPECT_EQ(publisher.publish(target, batch_of({"a"}), AckLevel::durable).value().level, AckLevel::durable);
  EXPECT_GE(publisher.publish(target, batch_of({"b"}), AckLevel::written).value().level, AckLevel::written);
  const auto none = publisher.publish(target, batch_of({"c"}), AckLevel::none);
  EXPECT_EQ(none.value().base_offset, Offset(2));
}

TEST_F(Publishing, NothingIsDurableInATopicOfThePageCache) {
  config.storage.checkpoint_interval_ms = 3'600'000;  // which would make it so
  start();
  const TopicPartition target = create_partition("clicks", {{"durability", "os"}});
  RawClient publisher = client();
  for (const AckLevel level : {AckLevel::durable, AckLevel::written}) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(publisher.publish(target, batch_of({"x"}), level).value().level, AckLevel::written);
  }
}

TEST_F(Publishing, OffsetsAreDenseOverBatchesOfAnySize) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  EXPECT_EQ(publisher.publish(target, batch_of({"a", "b", "c"})).value().base_offset, Offset(0));
  EXPECT_EQ(publisher.publish(target, batch_of({"d"})).value().base_offset, Offset(3));
  EXPECT_EQ(publisher.publish(target, batch_of({"e", "f"})).value().base_offset, Offset(4));
  EXPECT_EQ(stored(target), (std::vector<std::string>{"a", "b", "c", "d", "e", "f"}));
}

TEST_F(Publishing, PipelinedPublishesAreStoredInTheirOrderAndAllAnswered) {
  start();
  const native::TopicInfo topic = create("orders", 3);
  RawClient publisher = client();
  constexpr int kEach = 2000;
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < kEach * 3; ++i) {
    sent.push_back(publisher.start_publish({topic.id, PartitionId(i % 3)}, batch_of({std::to_string(i)})));
  }
  for (int i = 0; i < kEach * 3; ++i)
    EXPECT_EQ(publisher.wait_for_ack(sent[static_cast<std::size_t>(i)]).value().base_offset, Offset(i / 3));
  const auto values = stored({topic.id, PartitionId(1)});
  ASSERT_EQ(values.size(), std::size_t{kEach});
  for (int i = 0; i < kEach; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], std::to_string(i * 3 + 1));
}

TEST_F(Publishing, NoAnswerIsLargerThanAHeaderMayBe) {
  start();
  const TopicPartition target = create_partition("orders");
  const auto tiny = batch_of({""});
  RawClient publisher = client();
  std::vector<std::byte> all;
  constexpr std::uint64_t kPublishes = 60'000;
  for (std::uint64_t i = 1; i <= kPublishes; ++i) {
    native::encode_frame(native::Publish{target, AckLevel::durable}, i, tiny.size(), all);
    all.insert(all.end(), tiny.begin(), tiny.end());
  }
  std::uint64_t acknowledged = 0;
  // Whoever does not read its answers while it sends is not read either.
  const std::jthread sender([&] { publisher.send_bytes(all); });
  while (acknowledged < kPublishes) {
    const auto frame = publisher.receive();
    ASSERT_TRUE(frame.has_value());
    ASSERT_LE(frame->header_bytes, native::kHeaderBytesMax);
    acknowledged += std::get<native::PublishAcks>(frame->message).acks.size();
  }
  EXPECT_EQ(acknowledged, kPublishes);
}

TEST_F(Publishing, UnknownTargetsAreRefusedAndTheConnectionGoesOn) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  EXPECT_EQ(publisher.publish({TopicId{}, PartitionId(0)}, batch_of({"x"})).error().code, Errc::unknown_topic);
  EXPECT_EQ(publisher.publish({target.topic, PartitionId(1)}, batch_of({"x"})).error().code, Errc::unknown_partition);
  EXPECT_EQ(publisher.publish({target.topic, PartitionId(-1)}, batch_of({"x"})).error().code, Errc::malformed_frame);
  EXPECT_EQ(publisher.publish(target, batch_of({"x"})).value().base_offset, Offset(0));
}

TEST_F(Publishing, BatchesBeyondTheTopicsLimitAreRefused) {
  start();
  const TopicPartition target = create_partition("orders", {{"max.message.bytes", "2000"}});
  RawClient publisher = client();
  EXPECT_EQ(publisher.publish(target, large_batch(2000)).error().code, Errc::batch_too_large);
  EXPECT_TRUE(publisher.publish(target, large_batch(1900)).has_value());
  ASSERT_TRUE(
      publisher.ask_for<native::TopicReply>(native::AlterTopic{"orders", 0, {{"max.message.bytes", "4000"}}}).has_value());
  EXPECT_TRUE(publisher.publish(target, large_batch(2000)).has_value());
}

TEST_F(Publishing, ARepeatedBatchIsAcknowledgedWithItsFirstOffset) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  for (std::int32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(publisher.publish(target, batch_of({"x", "y"}, idempotent(publisher, i * 2))).value().base_offset, Offset(i * 2));
  }
  for (const std::int32_t i : {0, 4, 2}) {
    const auto again = publisher.publish(target, batch_of({"x", "y"}, idempotent(publisher, i * 2)));
    EXPECT_EQ(again.value().base_offset, Offset(i * 2));
    EXPECT_TRUE(again.value().duplicate);
    EXPECT_EQ(again.value().level, AckLevel::durable);
  }
  EXPECT_EQ(stored(target).size(), 10U);
}

TEST_F(Publishing, ARepetitionBeforeTheFirstAnswerWaitsForTheSameLevel) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  const auto batch = batch_of({"x"}, idempotent(publisher, 0));
  const std::uint64_t first = publisher.start_publish(target, batch);
  const std::uint64_t second = publisher.start_publish(target, batch);
  EXPECT_FALSE(publisher.wait_for_ack(first).value().duplicate);
  const auto repeated = publisher.wait_for_ack(second).value();
  EXPECT_TRUE(repeated.duplicate);
  EXPECT_EQ(repeated.level, AckLevel::durable);
}

TEST_F(Publishing, ABatchThatDoesNotContinueTheSequenceIsRefused) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  ASSERT_TRUE(publisher.publish(target, batch_of({"a"}, idempotent(publisher, 0))).has_value());
  EXPECT_EQ(publisher.publish(target, batch_of({"c"}, idempotent(publisher, 2))).error().code, Errc::out_of_order_sequence);
  EXPECT_EQ(publisher.publish(target, batch_of({"b"}, idempotent(publisher, 1))).value().base_offset, Offset(1));
  EXPECT_EQ(stored(target), (std::vector<std::string>{"a", "b"}));
}

TEST_F(Publishing, ALaterOneInSequenceFallsWithARefusedOne) {
  start();
  const TopicPartition target = create_partition("orders", {{"max.message.bytes", "2000"}});
  RawClient publisher = client();
  const auto first = publisher.start_publish(target, batch_of({"a"}, idempotent(publisher, 0)));
  const auto refused = publisher.start_publish(target, batch_of({std::string(3000, 'x')}, idempotent(publisher, 1)));
  const auto behind = publisher.start_publish(target, batch_of({"c"}, idempotent(publisher, 2)));
  EXPECT_TRUE(publisher.wait_for_ack(first).has_value());
  EXPECT_EQ(publisher.wait_for_ack(refused).error().code, Errc::batch_too_large);
  EXPECT_EQ(publisher.wait_for_ack(behind).error().code, Errc::out_of_order_sequence);
}

TEST_F(Publishing, AnOlderEpochIsFenced) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  record::ProducerStamp stamp = idempotent(publisher, 0);
  ASSERT_TRUE(publisher.publish(target, batch_of({"a"}, stamp)).has_value());
  stamp.epoch = 1;
  ASSERT_TRUE(publisher.publish(target, batch_of({"b"}, stamp)).has_value());
  stamp.epoch = 0;
  stamp.base_sequence = 1;
  EXPECT_EQ(publisher.publish(target, batch_of({"c"}, stamp)).error().code, Errc::producer_fenced);
}

TEST_F(Publishing, SequencesAreRememberedOverARestart) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  const auto batch = batch_of({"a"}, idempotent(publisher, 0));
  ASSERT_TRUE(publisher.publish(target, batch).has_value());
  publisher.close();
  restart();
  RawClient later = client();
  EXPECT_TRUE(later.publish(target, batch).value().duplicate);
  EXPECT_EQ(later.publish(target, batch_of({"c"}, idempotent(later, 2))).error().code, Errc::out_of_order_sequence);
  EXPECT_EQ(later.publish(target, batch_of({"b"}, idempotent(later, 1))).value().base_offset, Offset(1));
}

TEST_F(Publishing, CompressedBatchesAreStoredAsTheyCame) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  for (const auto codec : {record::Codec::gzip, record::Codec::snappy, record::Codec::lz4, record::Codec::zstd}) {
    EXPECT_TRUE(publisher.publish(target, batch_of({std::string(1000, 'z')}, {}, 1, codec)).has_value());
  }
  EXPECT_EQ(stored(target), std::vector<std::string>(4, std::string(1000, 'z')));
}

TEST_F(Publishing, APartitionIsNotForgottenWhileOthersFillTheCommitQueue) {
  config.storage.commit_queue_bytes_max = kMiB;
  start();
  const native::TopicInfo topic = create("orders", 6);
  RawClient greedy = client();
  RawClient modest = client();
  constexpr int kBatches = 60;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::uint64_t> sent;
    for (int i = 0; i < kBatches; ++i) {
      sent.push_back(greedy.start_publish({topic.id, PartitionId(0)}, large_batch(900'000)));
      if (i % 10 != 5) continue;
      for (std::int32_t p = 1; p < 6; ++p) {
        EXPECT_TRUE(modest.publish({topic.id, PartitionId(p)}, large_batch(900'000)).has_value());
      }
    }
    for (const std::uint64_t correlation : sent) EXPECT_TRUE(greedy.wait_for_ack(correlation).has_value());
  }
}

TEST_F(Publishing, ChangingTheDurabilityUnderLoadLosesAndHoldsUpNothing) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  RawClient admin = client();
  Offset expected;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::uint64_t> sent;
    for (int i = 0; i < 50; ++i) sent.push_back(publisher.start_publish(target, batch_of({"x"})));
    const char* durability = round % 2 == 0 ? "os" : "durable";
    ASSERT_TRUE(admin.ask_for<native::TopicReply>(native::AlterTopic{"orders", 0, {{"durability", durability}}}).has_value());
    for (int i = 0; i < 50; ++i) sent.push_back(publisher.start_publish(target, batch_of({"x"})));
    for (const std::uint64_t correlation : sent) {
      EXPECT_EQ(publisher.wait_for_ack(correlation).value().base_offset, expected);
      expected += 1;
    }
  }
}

}  // namespace
}  // namespace leat::server
