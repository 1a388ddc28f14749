#include <array>
#include <limits>

#include "protocol/base/endian.hpp"
#include "raw_header.hpp"
#include "samples.hpp"

namespace leat::native {
namespace {

constexpr std::uint64_t kCorrelation = 77;
using Builder = RawHeader::Builder;
using Table = RawHeader::Table;

std::vector<std::byte> finish(RawHeader& raw, BodyType type, Table body) {
  return raw.finish(static_cast<std::uint8_t>(type), body, kCorrelation);
}

/// The frame is sound, what it asks for is not: its sender can be answered.
void expect_answerable(ByteSpan header, Errc code) {
  const auto decoded = decode_header(header);
  ASSERT_TRUE(decoded.has_error());
  EXPECT_EQ(decoded.error().error.code, code);
  EXPECT_EQ(decoded.error().correlation, kCorrelation);
}

void expect_untrustworthy(ByteSpan header) {
  const auto decoded = decode_header(header);
  ASSERT_TRUE(decoded.has_error());
  EXPECT_EQ(decoded.error().error.code, Errc::malformed_frame);
  EXPECT_EQ(decoded.error().correlation, std::nullopt);
}

TEST(HostileHeader, ThrowsItsErrorWhenTheValueIsAskedFor) {
  EXPECT_THROW((void)decode_header(ByteSpan{}).value(), boost::system::system_error);
}

TEST(HostileHeader, TooShortToBeOne) {
  const std::array<std::byte, 16> zeros{};
  for (std::size_t length = 0; length <= zeros.size(); ++length) expect_untrustworthy(ByteSpan(zeros).first(length));
}

TEST(HostileHeader, TooLargeToBeOne) { expect_untrustworthy(std::vector<std::byte>(kHeaderBytesMax + 1)); }

TEST(HostileHeader, EveryTruncationOfAPublishIsRefused) {
  const std::vector<std::byte> frame = encoded(Publish{kTarget, AckLevel::written}, kCorrelation);
  const ByteSpan header = header_of(frame);
  for (std::size_t length = 0; length < header.size(); ++length) expect_untrustworthy(header.first(length));
}

TEST(HostileHeader, MessagesOfALaterVersionAreAnswered) {
  for (const unsigned type : {30U, 31U, 200U, 255U}) {
    RawHeader raw;
    const Table body = raw.table([](Builder& b) { RawHeader::add(b, 0, std::uint32_t{0xffffffff}); });
    expect_answerable(raw.finish(static_cast<std::uint8_t>(type), body, kCorrelation), Errc::unsupported_request);
  }
}

TEST(HostileHeader, NoMessageAtAll) {
  RawHeader untyped;
  const Table body = untyped.table([](Builder&) {});
  expect_answerable(finish(untyped, BodyType::none, body), Errc::malformed_frame);
  RawHeader bodiless;
  expect_answerable(finish(bodiless, BodyType::publish, Table()), Errc::malformed_frame);
}

TEST(HostileHeader, TypeOfOneMessageOnTheBodyOfAnother) {
  RawHeader raw;
  const Table scalars = raw.table([](Builder& b) {
    for (int field = 0; field < 5; ++field) RawHeader::add(b, field, std::uint64_t{0xfffffffffffffff0});
  });
  expect_untrustworthy(finish(raw, BodyType::create_topic, scalars));
}

TEST(HostileHeader, AnIdIsMissing) {
  RawHeader raw;
  const Table body = raw.table([](Builder& b) { RawHeader::add(b, 1, std::int32_t{0}); });
  expect_answerable(finish(raw, BodyType::publish, body), Errc::malformed_frame);
}

TEST(HostileHeader, AnUnknownAcknowledgementLevel) {
  for (const int level : {3, 255}) {
    const std::vector<std::byte> frame = encoded(Publish{kTarget, static_cast<AckLevel>(level)}, kCorrelation);
    expect_answerable(header_of(frame), Errc::malformed_frame);
  }
}

TEST(HostileHeader, AnUnknownOffsetSpecification) {
  for (const int spec : {3, 255}) {
    const std::vector<std::byte> frame = encoded(ListOffsets{kTarget, static_cast<OffsetSpec>(spec), 0}, kCorrelation);
    expect_answerable(header_of(frame), Errc::malformed_frame);
  }
}

TEST(HostileHeader, NegativeWhereNothingMayBe) {
  const TopicPartition negative{kTopic, PartitionId(-1)};
  const Offset before_all(-1);
  const auto with_partition = [](PartitionInfo info) { return TopicReply{TopicInfo{"t", kTopic, {info}, {}}}; };
  const std::vector<Message> messages{
      CreateTopic{"t", -1, {}},
      AlterTopic{"t", std::numeric_limits<std::int32_t>::min(), {}},
      InitProducerReply{kNoProducer, 0},
      InitProducerReply{ProducerId(1), -1},
      Publish{negative, AckLevel::durable},
      PublishAcks{{{1, Offset(1), AckLevel::none, false}, {1, before_all, AckLevel::none, false}}},
      Read{negative, Offset(0), 1},
      Read{kTarget, before_all, 1},
      ReadReply{before_all, Offset(0), Offset(0)},
      ReadReply{Offset(0), before_all, Offset(0)},
      ReadReply{Offset(0), Offset(0), before_all},
      ListOffsets{negative, OffsetSpec::latest, 0},
      ListOffsetsReply{before_all, 0},
      DeleteRecords{negative, Offset(0)},
      DeleteRecords{kTarget, before_all},
      DeleteRecordsReply{before_all},
      Subscribe{1, negative, Offset(0), 1},
      Subscribe{1, kTarget, Offset(std::numeric_limits<std::int64_t>::min()), 1},
      SubscribeReply{before_all, Offset(0)},
      SubscribeReply{Offset(0), before_all},
      Deliver{1, before_all, Offset(0)},
      Deliver{1, Offset(0), before_all},
      with_partition({PartitionId(-1), Offset(0), Offset(0), 0}),
      with_partition({PartitionId(0), before_all, Offset(0), 0}),
      with_partition({PartitionId(0), Offset(0), before_all, 0}),
      with_partition({PartitionId(0), Offset(0), Offset(0), -1}),
  };
  for (const Message& message : messages) {
    SCOPED_TRACE(message.index());
    const std::vector<std::byte> frame = encoded(message, kCorrelation);
    expect_answerable(header_of(frame), Errc::malformed_frame);
  }
}

TEST(HostileHeader, AnAcknowledgementOfAnUnknownLevel) {
  const std::vector<std::byte> frame = encoded(PublishAcks{{{1, Offset(1), static_cast<AckLevel>(3), false}}}, kCorrelation);
  expect_answerable(header_of(frame), Errc::malformed_frame);
}

TEST(HostileHeader, AnErrorThatIsNone) {
  for (const Message& message : {Message(ErrorReply{Errc{0}, "fine", false}), Message(SubscriptionEnded{1, Errc{0}, ""})}) {
    const std::vector<std::byte> frame = encoded(message, kCorrelation);
    expect_answerable(header_of(frame), Errc::malformed_frame);
  }
}

TEST(HostileHeader, AnAbsurdName) {
  for (const std::size_t bytes : {kStringBytesMax, kStringBytesMax + 1, std::size_t{900'000}}) {
    const std::vector<std::byte> frame = encoded(DeleteTopic{std::string(bytes, 'n')}, kCorrelation);
    const auto decoded = decode_header(header_of(frame));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(std::get<DeleteTopic>(decoded->message).name.size(), kStringBytesMax) << "long enough to be refused";
  }
}

/// A CreateTopic whose `count` settings are one and the same table.
std::vector<std::byte> sharing_a_setting(std::size_t count, std::size_t value_bytes) {
  RawHeader raw;
  const auto text = raw.builder().CreateString(std::string(value_bytes, 'v'));
  const Table setting = raw.table([&](Builder& b) {
    RawHeader::add_offset(b, 0, text);
    RawHeader::add_offset(b, 1, text);
  });
  const auto settings = raw.tables(std::vector<Table>(count, setting));
  const Table body = raw.table([&](Builder& b) { RawHeader::add_offset(b, 2, settings); });
  return finish(raw, BodyType::create_topic, body);
}

TEST(HostileHeader, MoreTablesThanAllowed) {
  constexpr std::size_t kOthers = 2;  // the header and the message
  EXPECT_TRUE(decode_header(sharing_a_setting(kHeaderTablesMax - kOthers, 1)).has_value());
  expect_untrustworthy(sharing_a_setting(kHeaderTablesMax - kOthers + 1, 1));
  expect_untrustworthy(sharing_a_setting(200'000, 1));
}

TEST(HostileHeader, ASharedStringDoesNotMultiply) {
  EXPECT_TRUE(decode_header(sharing_a_setting(8, kStringBytesMax)).has_value());
  expect_answerable(sharing_a_setting(9, kStringBytesMax), Errc::malformed_frame);
  expect_answerable(sharing_a_setting(4000, kStringBytesMax), Errc::malformed_frame);
}

TEST(HostileHeader, ASharedListDoesNotMultiply) {
  constexpr std::size_t kPartitions = 10'000;
  constexpr std::size_t kPartitionBytes = 32;
  RawHeader raw;
  Builder& b = raw.builder();
  b.StartVector(kPartitions * kPartitionBytes / 8, 8);
  b.PushBytes(std::vector<std::uint8_t>(kPartitions * kPartitionBytes).data(), kPartitions * kPartitionBytes);
  const flatbuffers::Offset<flatbuffers::Vector<std::uint64_t>> partitions(b.EndVector(kPartitions));
  const Table topic = raw.table([&](Builder& fields) {
    RawHeader::add_id(fields, 1);
    RawHeader::add_offset(fields, 2, partitions);
  });
  const auto topics = raw.tables(std::vector<Table>(1000, topic));
  const Table body = raw.table([&](Builder& fields) { RawHeader::add_offset(fields, 0, topics); });
  expect_answerable(finish(raw, BodyType::topic_list_reply, body), Errc::malformed_frame);
}

/// Acknowledgements whose list is aligned for its length only, `shift` words further on.
std::vector<std::byte> acks_shifted_by(std::size_t shift, const PublishAck& ack) {
  constexpr std::size_t kAckBytes = 24;
  std::array<std::uint8_t, kAckBytes> bytes{};
  std::memcpy(bytes.data(), &ack.correlation, 8);
  const std::int64_t offset = ack.base_offset.value();
  std::memcpy(bytes.data() + 8, &offset, 8);
  bytes[16] = static_cast<std::uint8_t>(ack.level);
  bytes[17] = ack.duplicate ? 1 : 0;
  RawHeader raw;
  Builder& b = raw.builder();
  for (std::size_t i = 0; i < shift; ++i) b.PushElement(std::uint32_t{0});
  b.StartVector(2 * kAckBytes / 4, 4);
  b.PushBytes(bytes.data(), kAckBytes);
  b.PushBytes(bytes.data(), kAckBytes);
  const flatbuffers::Offset<flatbuffers::Vector<std::uint64_t>> acks(b.EndVector(2));
  const Table body = raw.table([&](Builder& fields) { RawHeader::add_offset(fields, 0, acks); });
  return finish(raw, BodyType::publish_acks, body);
}

TEST(HostileHeader, ListsOfStructsNeedNotBeAligned) {
  const PublishAck ack{~0ULL, Offset(1LL << 40), AckLevel::written, true};
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const auto decoded = decode_header(acks_shifted_by(shift, ack));
    EXPECT_EQ(std::get<PublishAcks>(decoded.value().message), (PublishAcks{{ack, ack}}));
  }
}

}  // namespace
}  // namespace leat::native
