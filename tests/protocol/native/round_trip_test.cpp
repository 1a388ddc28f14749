#include <gmock/gmock.h>

#include <algorithm>

#include "samples.hpp"

namespace leat::native {
namespace {

Message round_trip(const Message& message) {
  const std::vector<std::byte> frame = encoded(message);
  return decode_header(header_of(frame)).value().message;
}

TEST(NativeCodec, EveryMessageComesBackWithAllItsFields) {
  const std::vector<Message> messages = every_message();
  ASSERT_EQ(messages.size(), std::variant_size_v<Message>);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].index(), i);
    EXPECT_TRUE(round_trip(messages[i]) == messages[i]) << "message " << i;
  }
}

TEST(NativeCodec, DefaultsComeBackAsDefaults) {
  EXPECT_EQ(std::get<CreateTopic>(round_trip(CreateTopic{})), CreateTopic{});
  EXPECT_EQ(std::get<Publish>(round_trip(Publish{})), Publish{});
  EXPECT_EQ(std::get<PublishAcks>(round_trip(PublishAcks{})), PublishAcks{});
  EXPECT_EQ(std::get<TopicListReply>(round_trip(TopicListReply{})), TopicListReply{});
  EXPECT_EQ(std::get<ListOffsetsReply>(round_trip(ListOffsetsReply{})), ListOffsetsReply{});
}

TEST(NativeCodec, EveryAcknowledgementLevelComesBack) {
  for (const AckLevel level : {AckLevel::none, AckLevel::written, AckLevel::durable}) {
    EXPECT_EQ(std::get<Publish>(round_trip(Publish{kTarget, level})).ack, level);
  }
}

TEST(NativeCodec, CorrelationsHaveAll64Bits) {
  const std::vector<std::byte> frame = encoded(Ping{}, 0x0123456789abcdefU);
  EXPECT_EQ(decode_header(header_of(frame)).value().correlation, 0x0123456789abcdefU);
}

TEST(NativeCodec, MessagesAreReadAtEveryAddress) {
  for (const Message& message : every_message()) {
    const std::vector<std::byte> frame = encoded(message, 5);
    const ByteSpan header = header_of(frame);
    std::vector<std::byte> room(header.size() + 16);
    for (std::size_t shift = 0; shift < 16; ++shift) {
      std::copy(header.begin(), header.end(), room.begin() + static_cast<std::ptrdiff_t>(shift));
      const auto decoded = decode_header(ByteSpan(room).subspan(shift, header.size()));
      ASSERT_TRUE(decoded.has_value() && decoded->message == message) << "message " << message.index() << " shifted by " << shift;
    }
  }
}

TEST(NativeCodec, LargeHeadersAreReadAtOddAddresses) {
  PublishAcks acks;
  for (std::int64_t i = 0; i < 1000; ++i)
    acks.acks.push_back({static_cast<std::uint64_t>(i), Offset(i * 3), AckLevel::durable, i % 2 == 0});
  std::vector<std::byte> room(1);
  encode_frame(acks, 0, 0, room);
  const auto decoded = decode_header(ByteSpan(room).subspan(1 + kFramePrefixBytes));
  EXPECT_EQ(std::get<PublishAcks>(decoded.value().message), acks);
}

TEST(NativeCodec, FramesAreAppendedBehindWhatIsThere) {
  std::vector<std::byte> out = encoded(Ping{}, 1);
  const std::size_t first_bytes = out.size();
  encode_frame(Pong{}, 2, 0, out);
  const auto first = std::get<FrameView>(next_frame(out, kFrameBytesMax).value());
  const auto second = std::get<FrameView>(next_frame(ByteSpan(out).subspan(first.bytes), kFrameBytesMax).value());
  EXPECT_EQ(first.bytes, first_bytes);
  EXPECT_EQ(decode_header(first.header).value().correlation, 1U);
  EXPECT_EQ(decode_header(second.header).value().correlation, 2U);
}

TEST(NativeCodec, AHugeMessageDoesNotSpoilTheNext) {
  std::vector<TopicInfo> topics(300, TopicInfo{std::string(1000, 'x'), kTopic, {}, {}});
  const Message huge = TopicListReply{std::move(topics), false};
  EXPECT_TRUE(round_trip(huge) == huge);
  EXPECT_EQ(encoded(Ping{}, 1), encoded(Ping{}, 1));
  EXPECT_TRUE(round_trip(Publish{kTarget, AckLevel::none}) == Message(Publish{kTarget, AckLevel::none}));
}

TEST(NativeCodec, LongNamesAndMessagesAreCutBetweenCharacters) {
  const std::string name = std::string(kPeerNameBytesMax - 1, 'n') + "\u20ac";
  EXPECT_EQ(std::get<Hello>(round_trip(Hello{1, 1, name, {}})).client_name, std::string(kPeerNameBytesMax - 1, 'n'));
  const std::string message(std::size_t{1} << 20, 'm');
  EXPECT_EQ(std::get<ErrorReply>(round_trip(ErrorReply{Errc::internal, message, false})).message.size(), kErrorMessageBytesMax);
}

TEST(NativeCodec, ErrorCodesOfLaterBrokersArePassedOn) {
  const auto reply = std::get<ErrorReply>(round_trip(ErrorReply{static_cast<Errc>(59), "new", true}));
  EXPECT_EQ(static_cast<int>(reply.code), 59);
  EXPECT_TRUE(reply.retriable);
}

/// Every topic of a long list, through as many replies as it takes.
std::size_t pages_of(const std::vector<TopicInfo>& topics) {
  std::size_t pages = 0;
  for (std::span<const TopicInfo> rest(topics); !rest.empty(); ++pages) {
    const std::size_t fit = topics_that_fit(rest);
    TopicListReply page{{rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(fit)}, fit < rest.size()};
    const std::vector<std::byte> frame = encoded(page);
    EXPECT_LE(header_of(frame).size(), kHeaderBytesMax);
    EXPECT_TRUE(decode_header(header_of(frame)).value().message == Message(page));
    rest = rest.subspan(fit);
  }
  return pages;
}

TEST(TopicPages, AFewTopicsAreOnePage) { EXPECT_EQ(pages_of(std::vector<TopicInfo>(100, TopicInfo{"t", kTopic, {}, {}})), 1U); }

TEST(TopicPages, ManySettingsAreBoundByTheNumberOfTables) {
  const std::vector<Setting> settings(6, Setting{"retention.ms", "-1", true});
  EXPECT_EQ(pages_of(std::vector<TopicInfo>(5000, TopicInfo{"t", kTopic, {}, settings})), 9U);
}

TEST(TopicPages, ManyPartitionsAreBoundByTheHeadersSize) {
  const std::vector<PartitionInfo> partitions(10'000);
  EXPECT_EQ(pages_of(std::vector<TopicInfo>(7, TopicInfo{"t", kTopic, partitions, {}})), 3U);
}

TEST(TopicPages, LongNamesAreBoundByTheHeadersSize) {
  EXPECT_GT(pages_of(std::vector<TopicInfo>(4000, TopicInfo{std::string(249, 'n'), kTopic, std::vector<PartitionInfo>(1), {}})),
            1U);
}

TEST(TopicPages, ATopicThatIsTooLargeIsAPageOfItsOwn) {
  const std::vector<TopicInfo> topics(2, TopicInfo{"t", kTopic, std::vector<PartitionInfo>(40'000), {}});
  EXPECT_EQ(topics_that_fit(topics), 1U);
  EXPECT_EQ(topics_that_fit({}), 0U);
}

}  // namespace
}  // namespace leat::native
