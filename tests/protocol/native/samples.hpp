#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/native/codec.hpp"

namespace leat::native {

inline const TopicId kTopic = *Uuid::parse("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
inline const TopicPartition kTarget{kTopic, PartitionId(3)};
inline constexpr std::size_t kFrameBytesMax = std::size_t{8} << 20;

/// One of every message, no field at its default.
inline std::vector<Message> every_message() {
  const std::vector<Setting> settings{{"retention.ms", "3600000", false}, {"durability", "durable", true}, {"", "", false}};
  const TopicInfo topic{
      "orders", kTopic, {{PartitionId(1), Offset(2), Offset(1LL << 40), 4}, {PartitionId(5), Offset(6), Offset(7), 8}}, settings};
  return {
      Hello{2, 3, "example", "1.0"},
      HelloReply{3, "leatd", "0.1.0", kTopic, 8U << 20, 0xffffffffU},
      Ping{},
      Pong{},
      ErrorReply{Errc::storage_full, "2 MiB left", true},
      CreateTopic{"orders", 12, settings},
      DeleteTopic{"orders"},
      AlterTopic{"orders", 24, settings},
      DescribeTopic{"orders"},
      ListTopics{"orders"},
      TopicReply{topic},
      TopicListReply{{topic, TopicInfo{"bare", kTopic, {}, {}}}, true},
      Done{},
      InitProducer{},
      InitProducerReply{ProducerId(1LL << 40), 7},
      Publish{kTarget, AckLevel::written},
      PublishAcks{{{1, Offset(2), AckLevel::written, true}, {~0ULL, Offset(1LL << 62), AckLevel::durable, false}}},
      Read{kTarget, Offset(9), 1U << 20},
      ReadReply{Offset(1), Offset(20), Offset(11)},
      ListOffsets{kTarget, OffsetSpec::timestamp, 1'700'000'000'000},
      ListOffsetsReply{Offset(4), 1'700'000'000'001},
      DeleteRecords{kTarget, Offset(5)},
      DeleteRecordsReply{Offset(5)},
      Subscribe{1, kTarget, Offset(3), 1U << 20},
      SubscribeReply{Offset(1), Offset(2)},
      Credit{1, 4096},
      Unsubscribe{1},
      Deliver{1, Offset(11), Offset(20)},
      SubscriptionEnded{1, Errc::unknown_topic, "deleted"},
  };
}

inline std::vector<std::byte> encoded(const Message& message, std::uint64_t correlation = 0, std::size_t payload_bytes = 0) {
  std::vector<std::byte> out;
  encode_frame(message, correlation, payload_bytes, out);
  out.resize(out.size() + payload_bytes, std::byte{0xab});
  return out;
}

inline ByteSpan header_of(const std::vector<std::byte>& frame) {
  auto found = next_frame(frame, frame.size());
  return std::get<FrameView>(found.value()).header;
}

}  // namespace leat::native
