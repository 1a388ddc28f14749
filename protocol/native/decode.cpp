#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "leat_generated.h"
#include "protocol/base/assert.hpp"
#include "protocol/native/clip.hpp"
#include "protocol/native/codec.hpp"

namespace leat::native {
namespace {

/// Of the widest scalar in a header.
constexpr std::size_t kHeaderAlignment = 8;
static_assert(kHeaderAlignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
/// Larger ones are rare: topics and their settings.
constexpr std::size_t kSmallHeaderBytes = 1024;

/// Reads the fields of one verified header. The first field that holds what no peer may send is kept as the problem; what is read
/// after it has no meaning, and lists end early.
class FieldReader {
 public:
  [[nodiscard]] const char* problem() const { return problem_; }

  std::string text(const flatbuffers::String* wire, std::size_t kept_bytes_max = kStringBytesMax) {
    if (wire == nullptr || !take(wire->size())) return {};
    return std::string(clipped(std::string_view(wire->c_str(), wire->size()), kept_bytes_max));
  }

  Uuid uuid(const fbs::Uuid* wire) {
    Uuid value;
    if (within(wire != nullptr, "an id missing")) std::memcpy(value.bytes.data(), wire, sizeof value.bytes);
    return value;
  }

  TopicPartition target(const fbs::Uuid* topic, std::int32_t partition) { return {uuid(topic), this->partition(partition)}; }

  PartitionId partition(std::int32_t value) { return PartitionId(not_negative(value, "a negative partition")); }
  Offset offset(std::int64_t value) { return Offset(not_negative(value, "a negative offset")); }

  template <class T>
  T not_negative(T value, const char* otherwise) {
    within(value >= 0, otherwise);
    return value;
  }

  AckLevel ack_level(fbs::AckLevel value) {
    within(value <= fbs::AckLevel::MAX, "an unknown acknowledgement level");
    return static_cast<AckLevel>(value);
  }
  OffsetSpec offset_spec(fbs::OffsetSpec value) {
    within(value <= fbs::OffsetSpec::MAX, "an unknown offset specification");
    return static_cast<OffsetSpec>(value);
  }
  /// Numbers that only a later peer knows are passed on: their message and `retriable` still tell enough.
  Errc code(std::uint16_t value) {
    within(value != 0, "an error without a code");
    return static_cast<Errc>(value);
  }

  std::vector<Setting> settings(const flatbuffers::Vector<flatbuffers::Offset<fbs::Setting>>* wire) {
    std::vector<Setting> values;
    if (wire == nullptr) return values;
    values.reserve(wire->size());
    for (const fbs::Setting* setting : *wire) {
      values.push_back({text(setting->key()), text(setting->value()), setting->is_default()});
      if (problem_ != nullptr) break;
    }
    return values;
  }

  TopicInfo topic(const fbs::TopicInfo& wire) {
    TopicInfo info{text(wire.name()), uuid(wire.id()), {}, {}};
    each_struct<fbs::PartitionInfo>(wire.partitions(), info.partitions, [this](const fbs::PartitionInfo& p) {
      return PartitionInfo{partition(p.partition()), offset(p.log_start_offset()), offset(p.high_watermark()),
                           not_negative(p.bytes(), "a negative size")};
    });
    info.settings = settings(wire.settings());
    return info;
  }

  std::vector<TopicInfo> topics(const flatbuffers::Vector<flatbuffers::Offset<fbs::TopicInfo>>* wire) {
    std::vector<TopicInfo> values;
    if (wire == nullptr) return values;
    values.reserve(wire->size());
    for (const fbs::TopicInfo* info : *wire) {
      values.push_back(topic(*info));
      if (problem_ != nullptr) break;
    }
    return values;
  }

  std::vector<PublishAck> acks(const flatbuffers::Vector<const fbs::PublishAck*>* wire) {
    std::vector<PublishAck> values;
    each_struct<fbs::PublishAck>(wire, values, [this](const fbs::PublishAck& ack) {
      return PublishAck{ack.correlation(), offset(ack.base_offset()), ack_level(ack.level()), ack.duplicate()};
    });
    return values;
  }

 private:
  /// The verifier checks where a vector of structs begins and ends, not that its elements are aligned: they are copied out.
  template <class Wire, class Value, class Convert>
  void each_struct(const flatbuffers::Vector<const Wire*>* wire, std::vector<Value>& values, Convert convert) {
    if (wire == nullptr || !take(std::size_t{wire->size()} * sizeof(Wire))) return;
    values.reserve(wire->size());
    for (std::size_t i = 0; i < wire->size(); ++i) {
      Wire element;
      std::memcpy(static_cast<void*>(&element), wire->Data() + i * sizeof(Wire), sizeof element);
      values.push_back(convert(element));
    }
  }

  bool take(std::size_t bytes) {
    decoded_bytes_ += bytes;
    return within(decoded_bytes_ <= kDecodedBytesMax, "more strings and lists than a header may hold");
  }

  bool within(bool allowed, const char* otherwise) {
    if (!allowed && problem_ == nullptr) problem_ = otherwise;
    return allowed;
  }

  const char* problem_ = nullptr;
  std::size_t decoded_bytes_ = 0;
};

Message read(FieldReader& f, const fbs::Hello& w) {
  return Hello{w.version_min(), w.version_max(), f.text(w.client_name(), kPeerNameBytesMax),
               f.text(w.client_version(), kPeerNameBytesMax)};
}
Message read(FieldReader& f, const fbs::HelloReply& w) {
  return HelloReply{w.version(),
                    f.text(w.server_name(), kPeerNameBytesMax),
                    f.text(w.server_version(), kPeerNameBytesMax),
                    f.uuid(w.broker_id()),
                    w.frame_bytes_max(),
                    w.in_flight_bytes_max()};
}
Message read(FieldReader&, const fbs::Ping&) { return Ping{}; }
Message read(FieldReader&, const fbs::Pong&) { return Pong{}; }
Message read(FieldReader& f, const fbs::Error& w) {
  return ErrorReply{f.code(w.code()), f.text(w.message(), kErrorMessageBytesMax), w.retriable()};
}

Message read(FieldReader& f, const fbs::CreateTopic& w) {
  return CreateTopic{f.text(w.name()), f.not_negative(w.partitions(), "a negative partition count"), f.settings(w.settings())};
}
Message read(FieldReader& f, const fbs::DeleteTopic& w) { return DeleteTopic{f.text(w.name())}; }
Message read(FieldReader& f, const fbs::AlterTopic& w) {
  return AlterTopic{f.text(w.name()), f.not_negative(w.partitions(), "a negative partition count"), f.settings(w.settings())};
}
Message read(FieldReader& f, const fbs::DescribeTopic& w) { return DescribeTopic{f.text(w.name())}; }
Message read(FieldReader& f, const fbs::ListTopics& w) { return ListTopics{f.text(w.after())}; }
Message read(FieldReader& f, const fbs::TopicReply& w) {
  // A reply without its topic reads as one whose id is missing.
  return w.topic() != nullptr ? TopicReply{f.topic(*w.topic())} : TopicReply{TopicInfo{{}, f.uuid(nullptr), {}, {}}};
}
Message read(FieldReader& f, const fbs::TopicListReply& w) { return TopicListReply{f.topics(w.topics()), w.more()}; }
Message read(FieldReader&, const fbs::Done&) { return Done{}; }

Message read(FieldReader&, const fbs::InitProducer&) { return InitProducer{}; }
Message read(FieldReader& f, const fbs::InitProducerReply& w) {
  const ProducerId id(f.not_negative(w.producer_id(), "a negative producer id"));
  return InitProducerReply{id, f.not_negative(w.producer_epoch(), "a negative producer epoch")};
}
Message read(FieldReader& f, const fbs::Publish& w) { return Publish{f.target(w.topic(), w.partition()), f.ack_level(w.ack())}; }
Message read(FieldReader& f, const fbs::PublishAcks& w) { return PublishAcks{f.acks(w.acks())}; }

Message read(FieldReader& f, const fbs::Read& w) {
  return Read{f.target(w.topic(), w.partition()), f.offset(w.offset()), w.bytes_max()};
}
Message read(FieldReader& f, const fbs::ReadReply& w) {
  return ReadReply{f.offset(w.log_start_offset()), f.offset(w.high_watermark()), f.offset(w.next_offset())};
}
Message read(FieldReader& f, const fbs::ListOffsets& w) {
  return ListOffsets{f.target(w.topic(), w.partition()), f.offset_spec(w.spec()), w.timestamp()};
}
Message read(FieldReader& f, const fbs::ListOffsetsReply& w) { return ListOffsetsReply{f.offset(w.offset()), w.timestamp()}; }
Message read(FieldReader& f, const fbs::DeleteRecords& w) {
  return DeleteRecords{f.target(w.topic(), w.partition()), f.offset(w.before())};
}
Message read(FieldReader& f, const fbs::DeleteRecordsReply& w) { return DeleteRecordsReply{f.offset(w.log_start_offset())}; }

Message read(FieldReader& f, const fbs::Subscribe& w) {
  return Subscribe{w.subscription(), f.target(w.topic(), w.partition()), f.offset(w.offset()), w.credit_bytes()};
}
Message read(FieldReader& f, const fbs::SubscribeReply& w) {
  return SubscribeReply{f.offset(w.log_start_offset()), f.offset(w.high_watermark())};
}
Message read(FieldReader&, const fbs::Credit& w) { return Credit{w.subscription(), w.bytes()}; }
Message read(FieldReader&, const fbs::Unsubscribe& w) { return Unsubscribe{w.subscription()}; }
Message read(FieldReader& f, const fbs::Deliver& w) {
  return Deliver{w.subscription(), f.offset(w.next_offset()), f.offset(w.high_watermark())};
}
Message read(FieldReader& f, const fbs::SubscriptionEnded& w) {
  return SubscriptionEnded{w.subscription(), f.code(w.code()), f.text(w.message(), kErrorMessageBytesMax)};
}

/// Nothing for a type that this version does not have; the body is there.
std::optional<Message> read_body(FieldReader& fields, const fbs::Header& header) {
  switch (header.body_type()) {
    case fbs::Body::NONE:
      return std::nullopt;
    case fbs::Body::Hello:
      return read(fields, *header.body_as_Hello());
    case fbs::Body::HelloReply:
      return read(fields, *header.body_as_HelloReply());
    case fbs::Body::Ping:
      return read(fields, *header.body_as_Ping());
    case fbs::Body::Pong:
      return read(fields, *header.body_as_Pong());
    case fbs::Body::Error:
      return read(fields, *header.body_as_Error());
    case fbs::Body::CreateTopic:
      return read(fields, *header.body_as_CreateTopic());
    case fbs::Body::DeleteTopic:
      return read(fields, *header.body_as_DeleteTopic());
    case fbs::Body::AlterTopic:
      return read(fields, *header.body_as_AlterTopic());
    case fbs::Body::DescribeTopic:
      return read(fields, *header.body_as_DescribeTopic());
    case fbs::Body::ListTopics:
      return read(fields, *header.body_as_ListTopics());
    case fbs::Body::TopicReply:
      return read(fields, *header.body_as_TopicReply());
    case fbs::Body::TopicListReply:
      return read(fields, *header.body_as_TopicListReply());
    case fbs::Body::Done:
      return read(fields, *header.body_as_Done());
    case fbs::Body::InitProducer:
      return read(fields, *header.body_as_InitProducer());
    case fbs::Body::InitProducerReply:
      return read(fields, *header.body_as_InitProducerReply());
    case fbs::Body::Publish:
      return read(fields, *header.body_as_Publish());
    case fbs::Body::PublishAcks:
      return read(fields, *header.body_as_PublishAcks());
    case fbs::Body::Read:
      return read(fields, *header.body_as_Read());
    case fbs::Body::ReadReply:
      return read(fields, *header.body_as_ReadReply());
    case fbs::Body::ListOffsets:
      return read(fields, *header.body_as_ListOffsets());
    case fbs::Body::ListOffsetsReply:
      return read(fields, *header.body_as_ListOffsetsReply());
    case fbs::Body::DeleteRecords:
      return read(fields, *header.body_as_DeleteRecords());
    case fbs::Body::DeleteRecordsReply:
      return read(fields, *header.body_as_DeleteRecordsReply());
    case fbs::Body::Subscribe:
      return read(fields, *header.body_as_Subscribe());
    case fbs::Body::SubscribeReply:
      return read(fields, *header.body_as_SubscribeReply());
    case fbs::Body::Credit:
      return read(fields, *header.body_as_Credit());
    case fbs::Body::Unsubscribe:
      return read(fields, *header.body_as_Unsubscribe());
    case fbs::Body::Deliver:
      return read(fields, *header.body_as_Deliver());
    case fbs::Body::SubscriptionEnded:
      return read(fields, *header.body_as_SubscriptionEnded());
  }
  return std::nullopt;
}

DecodeFailure malformed(const char* why, std::optional<std::uint64_t> correlation) {
  return {Error(Errc::malformed_frame, why), correlation};
}

boost::system::result<Decoded, DecodeFailure> decode_aligned(ByteSpan bytes) {
  flatbuffers::Verifier::Options limits;
  limits.max_depth = kHeaderDepthMax;
  limits.max_tables = kHeaderTablesMax;
  const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(at, bytes.size(), limits);
  if (!fbs::VerifyHeaderBuffer(verifier)) return malformed("the header does not verify", std::nullopt);

  const fbs::Header& header = *fbs::GetHeader(at);
  const std::uint64_t correlation = header.correlation();
  if (header.body_type() > fbs::Body::MAX) {
    const auto number = static_cast<unsigned>(header.body_type());
    return DecodeFailure{Error(Errc::unsupported_request, "message type " + std::to_string(number)), correlation};
  }
  if (header.body_type() == fbs::Body::NONE || header.body() == nullptr)
    return malformed("a header without a message", correlation);

  FieldReader fields;
  std::optional<Message> message = read_body(fields, header);
  LEAT_ASSERT(message.has_value());
  if (fields.problem() != nullptr) return malformed(fields.problem(), correlation);
  return Decoded{correlation, *std::move(message)};
}

}  // namespace

boost::system::result<Decoded, DecodeFailure> decode_header(ByteSpan header) {
  if (header.size() > kHeaderBytesMax) return malformed("the header is too large", std::nullopt);
  const auto address = reinterpret_cast<std::uintptr_t>(header.data());
  if (address % kHeaderAlignment == 0) return decode_aligned(header);

  // Frames lie anywhere in a network buffer, FlatBuffers' accessors want their scalars aligned.
  alignas(kHeaderAlignment) std::array<std::byte, kSmallHeaderBytes> small;
  std::unique_ptr<std::byte[]> large;
  std::byte* copy = small.data();
  if (header.size() > small.size()) {
    large.reset(new std::byte[header.size()]);
    copy = large.get();
  }
  std::memcpy(copy, header.data(), header.size());
  return decode_aligned({copy, header.size()});
}

}  // namespace leat::native
