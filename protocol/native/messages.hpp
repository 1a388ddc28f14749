#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/error.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/base/uuid.hpp"

/// The native protocol's messages as plain values; leat.fbs is their form on the wire and PROTOCOL.md their meaning.
namespace leat::native {

inline constexpr std::uint16_t kProtocolVersion = 1;

/// How far a batch has to be before it is acknowledged, and how far it was when it was. Ordered: each level includes the ones
/// before.
enum class AckLevel : std::uint8_t {
  none = 0,     ///< has an offset, in the broker's memory only
  written = 1,  ///< in the operating system's page cache: survives the death of the broker, not of the machine
  durable = 2,  ///< on stable storage
};

enum class OffsetSpec : std::uint8_t { earliest = 0, latest = 1, timestamp = 2 };

/// A partition of a topic, named so that a deleted and re-created topic is not taken for the old one.
struct TopicPartition {
  TopicId topic;
  PartitionId partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

struct Setting {
  std::string key;
  std::string value;
  bool is_default = false;
  friend bool operator==(const Setting&, const Setting&) = default;
};

struct Hello {
  std::uint16_t version_min = kProtocolVersion;
  std::uint16_t version_max = kProtocolVersion;
  std::string client_name;
  std::string client_version;
  friend bool operator==(const Hello&, const Hello&) = default;
};

struct HelloReply {
  std::uint16_t version = kProtocolVersion;
  std::string server_name;
  std::string server_version;
  Uuid broker_id;
  std::uint32_t frame_bytes_max = 0;
  std::uint32_t in_flight_bytes_max = 0;  ///< published and not yet acknowledged, a connection
  friend bool operator==(const HelloReply&, const HelloReply&) = default;
};

struct Ping {
  friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong {
  friend bool operator==(const Pong&, const Pong&) = default;
};

struct ErrorReply {
  Errc code = Errc::internal;
  std::string message;
  bool retriable = false;
  friend bool operator==(const ErrorReply&, const ErrorReply&) = default;
};

struct CreateTopic {
  std::string name;
  std::int32_t partitions = 0;  ///< 0: the broker's default
  std::vector<Setting> settings;
  friend bool operator==(const CreateTopic&, const CreateTopic&) = default;
};
struct DeleteTopic {
  std::string name;
  friend bool operator==(const DeleteTopic&, const DeleteTopic&) = default;
};
struct AlterTopic {
  std::string name;
  std::int32_t partitions = 0;  ///< 0: unchanged; otherwise not fewer than now
  std::vector<Setting> settings;
  friend bool operator==(const AlterTopic&, const AlterTopic&) = default;
};
struct DescribeTopic {
  std::string name;
  friend bool operator==(const DescribeTopic&, const DescribeTopic&) = default;
};
struct ListTopics {
  std::string after;  ///< topics with greater names; empty: from the first
  friend bool operator==(const ListTopics&, const ListTopics&) = default;
};

struct PartitionInfo {
  PartitionId partition;
  Offset log_start_offset;
  Offset high_watermark;
  std::int64_t bytes = 0;
  friend bool operator==(const PartitionInfo&, const PartitionInfo&) = default;
};
struct TopicInfo {
  std::string name;
  TopicId id;
  std::vector<PartitionInfo> partitions;
  std::vector<Setting> settings;
  friend bool operator==(const TopicInfo&, const TopicInfo&) = default;
};
struct TopicReply {
  TopicInfo topic;
  friend bool operator==(const TopicReply&, const TopicReply&) = default;
};
struct TopicListReply {
  std::vector<TopicInfo> topics;  ///< in the order of their names
  bool more = false;              ///< not all fitted (topics_that_fit): ask again with `after` the last name
  friend bool operator==(const TopicListReply&, const TopicListReply&) = default;
};
struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};

struct InitProducer {
  friend bool operator==(const InitProducer&, const InitProducer&) = default;
};
struct InitProducerReply {
  ProducerId producer_id = kNoProducer;
  std::int16_t producer_epoch = 0;
  friend bool operator==(const InitProducerReply&, const InitProducerReply&) = default;
};

/// Payload: one record batch.
struct Publish {
  TopicPartition target;
  AckLevel ack = AckLevel::durable;
  friend bool operator==(const Publish&, const Publish&) = default;
};
struct PublishAck {
  std::uint64_t correlation = 0;  ///< of the Publish
  Offset base_offset;
  AckLevel level = AckLevel::none;  ///< reached: what was asked for or more; `written` at most in an `os` topic
  bool duplicate = false;           ///< the batch had been stored before; base_offset is the original one
  friend bool operator==(const PublishAck&, const PublishAck&) = default;
};
struct PublishAcks {
  std::vector<PublishAck> acks;
  friend bool operator==(const PublishAcks&, const PublishAcks&) = default;
};

struct Read {
  TopicPartition target;
  Offset offset;
  std::uint32_t bytes_max = 0;  ///< at least one whole batch is answered, if there is one
  friend bool operator==(const Read&, const Read&) = default;
};
/// Payload: whole batches, the first of which contains the offset asked for.
struct ReadReply {
  Offset log_start_offset;
  Offset high_watermark;
  Offset next_offset;  ///< where to go on
  friend bool operator==(const ReadReply&, const ReadReply&) = default;
};

struct ListOffsets {
  TopicPartition target;
  OffsetSpec spec = OffsetSpec::latest;
  TimestampMs timestamp = 0;
  friend bool operator==(const ListOffsets&, const ListOffsets&) = default;
};
/// By timestamp: the first record at or after it; the high watermark and timestamp -1 when there is none.
struct ListOffsetsReply {
  Offset offset;
  TimestampMs timestamp = -1;
  friend bool operator==(const ListOffsetsReply&, const ListOffsetsReply&) = default;
};

struct DeleteRecords {
  TopicPartition target;
  Offset before;
  friend bool operator==(const DeleteRecords&, const DeleteRecords&) = default;
};
struct DeleteRecordsReply {
  Offset log_start_offset;
  friend bool operator==(const DeleteRecordsReply&, const DeleteRecordsReply&) = default;
};

struct Subscribe {
  std::uint32_t subscription = 0;  ///< chosen by the client, unique within the connection
  TopicPartition target;
  Offset offset;
  std::uint32_t credit_bytes = 0;
  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};
struct SubscribeReply {
  Offset log_start_offset;
  Offset high_watermark;
  friend bool operator==(const SubscribeReply&, const SubscribeReply&) = default;
};
/// No answer.
struct Credit {
  std::uint32_t subscription = 0;
  std::uint32_t bytes = 0;
  friend bool operator==(const Credit&, const Credit&) = default;
};
struct Unsubscribe {
  std::uint32_t subscription = 0;
  friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};
/// Payload: whole batches, the first of which contains the offset the subscriber is at. Correlation 0.
struct Deliver {
  std::uint32_t subscription = 0;
  Offset next_offset;
  Offset high_watermark;
  friend bool operator==(const Deliver&, const Deliver&) = default;
};
/// The broker ended a subscription by itself. Correlation 0.
struct SubscriptionEnded {
  std::uint32_t subscription = 0;
  Errc code = Errc::internal;
  std::string message;
  friend bool operator==(const SubscriptionEnded&, const SubscriptionEnded&) = default;
};

using Message = std::variant<Hello, HelloReply, Ping, Pong, ErrorReply, CreateTopic, DeleteTopic, AlterTopic, DescribeTopic,
                             ListTopics, TopicReply, TopicListReply, Done, InitProducer, InitProducerReply, Publish, PublishAcks,
                             Read, ReadReply, ListOffsets, ListOffsetsReply, DeleteRecords, DeleteRecordsReply, Subscribe,
                             SubscribeReply, Credit, Unsubscribe, Deliver, SubscriptionEnded>;

}  // namespace leat::native
