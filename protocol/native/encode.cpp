#include <array>
#include <limits>

#include "leat_generated.h"
#include "protocol/base/assert.hpp"
#include "protocol/base/endian.hpp"
#include "protocol/native/clip.hpp"
#include "protocol/native/codec.hpp"

namespace leat::native {
namespace {

using flatbuffers::FlatBufferBuilder;

/// What a thread's builder keeps between two frames.
constexpr std::size_t kKeptBytesMax = 64U << 10;
constexpr std::size_t kFirstBytes = 1024;

static_assert(std::variant_size_v<Message> == static_cast<std::size_t>(fbs::Body::MAX), "the variant has the union's order");

/// Writes a message's table; a union member's number is its place in the variant plus one.
class BodyWriter {
 public:
  using Body = flatbuffers::Offset<void>;
  explicit BodyWriter(FlatBufferBuilder& builder) : b_(builder) {}

  Body operator()(const Hello& m) {
    const auto name = text(m.client_name, kPeerNameBytesMax);
    const auto version = text(m.client_version, kPeerNameBytesMax);
    return fbs::CreateHello(b_, m.version_min, m.version_max, name, version).Union();
  }
  Body operator()(const HelloReply& m) {
    const auto name = text(m.server_name, kPeerNameBytesMax);
    const auto version = text(m.server_version, kPeerNameBytesMax);
    const fbs::Uuid broker = uuid(m.broker_id);
    return fbs::CreateHelloReply(b_, m.version, name, version, &broker, m.frame_bytes_max, m.in_flight_bytes_max).Union();
  }
  Body operator()(const Ping&) { return fbs::CreatePing(b_).Union(); }
  Body operator()(const Pong&) { return fbs::CreatePong(b_).Union(); }
  Body operator()(const ErrorReply& m) {
    const auto message = text(m.message, kErrorMessageBytesMax);
    return fbs::CreateError(b_, static_cast<std::uint16_t>(m.code), message, m.retriable).Union();
  }

  Body operator()(const CreateTopic& m) {
    const auto name = text(m.name);
    const auto list = settings(m.settings);
    return fbs::CreateCreateTopic(b_, name, m.partitions, list).Union();
  }
  Body operator()(const DeleteTopic& m) { return fbs::CreateDeleteTopic(b_, text(m.name)).Union(); }
  Body operator()(const AlterTopic& m) {
    const auto name = text(m.name);
    const auto list = settings(m.settings);
    return fbs::CreateAlterTopic(b_, name, m.partitions, list).Union();
  }
  Body operator()(const DescribeTopic& m) { return fbs::CreateDescribeTopic(b_, text(m.name)).Union(); }
  Body operator()(const ListTopics& m) { return fbs::CreateListTopics(b_, text(m.after)).Union(); }
  Body operator()(const TopicReply& m) { return fbs::CreateTopicReply(b_, topic(m.topic)).Union(); }
  Body operator()(const TopicListReply& m) {
    std::vector<flatbuffers::Offset<fbs::TopicInfo>> tables;
    tables.reserve(m.topics.size());
    for (const TopicInfo& info : m.topics) tables.push_back(topic(info));
    return fbs::CreateTopicListReply(b_, b_.CreateVector(tables), m.more).Union();
  }
  Body operator()(const Done&) { return fbs::CreateDone(b_).Union(); }

  Body operator()(const InitProducer&) { return fbs::CreateInitProducer(b_).Union(); }
  Body operator()(const InitProducerReply& m) {
    return fbs::CreateInitProducerReply(b_, m.producer_id.value(), m.producer_epoch).Union();
  }
  Body operator()(const Publish& m) {
    const fbs::Uuid id = uuid(m.target.topic);
    return fbs::CreatePublish(b_, &id, m.target.partition.value(), static_cast<fbs::AckLevel>(m.ack)).Union();
  }
  Body operator()(const PublishAcks& m) {
    const auto acks = structs(
        m.acks, +[](const PublishAck& a) {
          return fbs::PublishAck(a.correlation, a.base_offset.value(), static_cast<fbs::AckLevel>(a.level), a.duplicate);
        });
    return fbs::CreatePublishAcks(b_, acks).Union();
  }

  Body operator()(const Read& m) {
    const fbs::Uuid id = uuid(m.target.topic);
    return fbs::CreateRead(b_, &id, m.target.partition.value(), m.offset.value(), m.bytes_max).Union();
  }
  Body operator()(const ReadReply& m) {
    return fbs::CreateReadReply(b_, m.log_start_offset.value(), m.high_watermark.value(), m.next_offset.value()).Union();
  }
  Body operator()(const ListOffsets& m) {
    const fbs::Uuid id = uuid(m.target.topic);
    return fbs::CreateListOffsets(b_, &id, m.target.partition.value(), static_cast<fbs::OffsetSpec>(m.spec), m.timestamp).Union();
  }
  Body operator()(const ListOffsetsReply& m) { return fbs::CreateListOffsetsReply(b_, m.offset.value(), m.timestamp).Union(); }
  Body operator()(const DeleteRecords& m) {
    const fbs::Uuid id = uuid(m.target.topic);
    return fbs::CreateDeleteRecords(b_, &id, m.target.partition.value(), m.before.value()).Union();
  }
  Body operator()(const DeleteRecordsReply& m) { return fbs::CreateDeleteRecordsReply(b_, m.log_start_offset.value()).Union(); }

  Body operator()(const Subscribe& m) {
    const fbs::Uuid id = uuid(m.target.topic);
    return fbs::CreateSubscribe(b_, m.subscription, &id, m.target.partition.value(), m.offset.value(), m.credit_bytes).Union();
  }
  Body operator()(const SubscribeReply& m) {
    return fbs::CreateSubscribeReply(b_, m.log_start_offset.value(), m.high_watermark.value()).Union();
  }
  Body operator()(const Credit& m) { return fbs::CreateCredit(b_, m.subscription, m.bytes).Union(); }
  Body operator()(const Unsubscribe& m) { return fbs::CreateUnsubscribe(b_, m.subscription).Union(); }
  Body operator()(const Deliver& m) {
    return fbs::CreateDeliver(b_, m.subscription, m.next_offset.value(), m.high_watermark.value()).Union();
  }
  Body operator()(const SubscriptionEnded& m) {
    const auto message = text(m.message, kErrorMessageBytesMax);
    return fbs::CreateSubscriptionEnded(b_, m.subscription, static_cast<std::uint16_t>(m.code), message).Union();
  }

 private:
  /// An empty string is left out, as every other default.
  flatbuffers::Offset<flatbuffers::String> text(std::string_view value, std::size_t bytes_max = kHeaderBytesMax) {
    const std::string_view kept = clipped(value, bytes_max);
    return kept.empty() ? flatbuffers::Offset<flatbuffers::String>() : b_.CreateString(kept.data(), kept.size());
  }

  static fbs::Uuid uuid(const Uuid& value) { return fbs::Uuid(flatbuffers::span<const std::uint8_t, 16>(value.bytes)); }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fbs::Setting>>> settings(const std::vector<Setting>& values) {
    if (values.empty()) return {};
    std::vector<flatbuffers::Offset<fbs::Setting>> tables;
    tables.reserve(values.size());
    for (const Setting& setting : values) {
      const auto key = b_.CreateString(setting.key);  // required, so there even when empty
      const auto value = b_.CreateString(setting.value);
      tables.push_back(fbs::CreateSetting(b_, key, value, setting.is_default));
    }
    return b_.CreateVector(tables);
  }

  flatbuffers::Offset<fbs::TopicInfo> topic(const TopicInfo& info) {
    const auto name = text(info.name);
    const fbs::Uuid id = uuid(info.id);
    const auto partitions = structs(
        info.partitions, +[](const PartitionInfo& p) {
          return fbs::PartitionInfo(p.log_start_offset.value(), p.high_watermark.value(), p.bytes, p.partition.value());
        });
    return fbs::CreateTopicInfo(b_, name, &id, partitions, settings(info.settings));
  }

  /// Converted in place, without a vector in between.
  template <class Wire, class Value>
  flatbuffers::Offset<flatbuffers::Vector<const Wire*>> structs(const std::vector<Value>& values, Wire (*convert)(const Value&)) {
    if (values.empty()) return {};
    return b_.CreateVectorOfNativeStructs<Wire, Value>(values.data(), values.size(), convert);
  }

  FlatBufferBuilder& b_;
};

}  // namespace

void encode_frame(const Message& message, std::uint64_t correlation, std::size_t payload_bytes, std::vector<std::byte>& out) {
  thread_local FlatBufferBuilder builder(kFirstBytes);
  builder.Clear();
  const auto type = static_cast<fbs::Body>(message.index() + 1);
  const auto body = std::visit(BodyWriter(builder), message);
  builder.Finish(fbs::CreateHeader(builder, correlation, type, body));

  const std::size_t header_bytes = builder.GetSize();
  const std::size_t frame_bytes = kFramePrefixBytes - kFrameSizeBytes + header_bytes + payload_bytes;
  LEAT_ASSERT(frame_bytes <= std::numeric_limits<std::uint32_t>::max());
  std::array<std::byte, kFramePrefixBytes> prefix;
  store_le(prefix.data(), static_cast<std::uint32_t>(frame_bytes));
  store_le(prefix.data() + kFrameSizeBytes, static_cast<std::uint32_t>(header_bytes));
  const auto* header = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  out.insert(out.end(), prefix.begin(), prefix.end());
  out.insert(out.end(), header, header + header_bytes);
  if (header_bytes > kKeptBytesMax) builder.Reset();
}

std::size_t topics_that_fit(std::span<const TopicInfo> topics) {
  // Upper bounds with offsets, lengths, terminators and padding; the reply's own tables and vtables are the first term.
  constexpr std::size_t kReplyBytes = 256;
  constexpr std::size_t kTopicBytes = 96;
  constexpr std::size_t kSettingBytes = 48;
  constexpr std::size_t kReplyTables = 2;
  std::size_t bytes = kReplyBytes;
  std::size_t tables = kReplyTables;
  std::size_t fit = 0;
  for (const TopicInfo& info : topics) {
    bytes += kTopicBytes + info.name.size() + info.partitions.size() * sizeof(fbs::PartitionInfo);
    for (const Setting& setting : info.settings) bytes += kSettingBytes + setting.key.size() + setting.value.size();
    tables += 1 + info.settings.size();
    if (fit > 0 && (bytes > kHeaderBytesMax || tables > kHeaderTablesMax)) break;
    ++fit;
  }
  return fit;
}

}  // namespace leat::native
