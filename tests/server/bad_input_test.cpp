#include <sys/resource.h>

#include <functional>
#include <iostream>
#include <thread>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "protocol/base/random.hpp"
#include "server/support/memory.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::TopicPartition;
using Bytes = std::vector<std::byte>;

Bytes frame_of(const native::Message& message, std::uint64_t correlation, ByteSpan payload = {}) {
  Bytes frame;
  native::encode_frame(message, correlation, payload.size(), frame);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

Bytes sizes(std::uint32_t frame_bytes, std::uint32_t header_bytes) {
  Bytes bytes(8);
  store_le(bytes.data(), frame_bytes);
  store_le(bytes.data() + 4, header_bytes);
  return bytes;
}

void recompute_crc(Bytes& batch) {
  store_be(batch.data() + record::field::kCrc, crc32c(ByteSpan(batch).subspan(record::field::kAttributes)));
}

class BadInput : public ServerTest {
 protected:
  BadInput() { config.limits.connections_per_address_max = 10'000; }
  ~BadInput() override {
    if (server) expect_serves_a_good_client();
  }

  /// The answer to bytes that cannot be trusted: an error that concerns the connection, which is closed then.
  Errc refusal_of(ByteSpan bytes) {
    RawClient client = this->client();
    client.send_bytes(bytes);
    const auto frame = client.receive();
    if (!frame) return {};
    EXPECT_EQ(frame->correlation, 0U);
    EXPECT_TRUE(client.is_closed());
    return frame->error_code();
  }
  /// The connection goes on after a publish of these bytes was refused, and nothing was stored.
  Errc publish_refusal(ByteSpan batch) {
    RawClient client = this->client();
    const auto ack = client.publish(target, batch);
    EXPECT_TRUE(client.ask_for<native::Pong>(native::Ping{}).has_value());
    EXPECT_EQ(server->broker().topics().partition(target).value()->log().next_offset(), Offset(0));
    return ack.has_error() ? ack.error().code : Errc{};
  }
  /// Publishes a good batch that was changed, with a checksum that fits.
  Errc changed_batch(const std::function<void(Bytes&)>& change) {
    Bytes batch = batch_of({"a", "b"});
    change(batch);
    recompute_crc(batch);
    return publish_refusal(batch);
  }
  void start_with_topic() {
    start();
    target = create_partition("orders");
  }

  TopicPartition target;
};

TEST_F(BadInput, DeclaredSizesAreRefusedFromTheirFourBytes) {
  start();
  for (const std::uint32_t size : {0x7fffffffU, 0xffffffffU, 0x80000000U, (8U << 20) + 1}) {
    EXPECT_EQ(refusal_of(sizes(size, 8)), Errc::frame_too_large) << size;
  }
  for (const std::uint32_t size : {0U, 1U, 3U, 4U}) EXPECT_EQ(refusal_of(sizes(size, 0)), Errc::malformed_frame) << size;
}

TEST_F(BadInput, HeadersOutsideTheirFrameAreRefused) {
  start();
  EXPECT_EQ(refusal_of(sizes(100, 0)), Errc::malformed_frame);
  EXPECT_EQ(refusal_of(sizes(100, 97)), Errc::malformed_frame);
  EXPECT_EQ(refusal_of(sizes(100, 0xffffffff)), Errc::malformed_frame);
  EXPECT_EQ(refusal_of(sizes(4U << 20, (1U << 20) + 1)), Errc::frame_too_large);
}

TEST_F(BadInput, ARefusalIsReadableHoweverMuchWasSentBehindIt) {
  start();
  RawClient flood = client();
  Bytes bytes = sizes(0x7fffffff, 8);
  bytes.resize(1U << 20);
  for (int i = 0; i < 8 && flood.send_bytes(bytes); ++i) continue;
  const auto frame = flood.receive();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->error_code(), Errc::frame_too_large);
}

TEST_F(BadInput, HeadersThatDoNotVerifyEndTheConnection) {
  start();
  Bytes zeros = sizes(4 + 64, 64);
  zeros.resize(zeros.size() + 64);
  EXPECT_EQ(refusal_of(zeros), Errc::malformed_frame);
  Bytes ones = sizes(4 + 64, 64);
  ones.resize(ones.size() + 64, std::byte{0xff});
  EXPECT_EQ(refusal_of(ones), Errc::malformed_frame);
  Bytes tiny = sizes(5, 1);
  tiny.push_back(std::byte{0});
  EXPECT_EQ(refusal_of(tiny), Errc::malformed_frame);
}

TEST_F(BadInput, AHeaderCutShortEndsTheConnection) {
  start();
  const Bytes whole = frame_of(native::CreateTopic{"orders", 1, {{"retention.ms", "1"}}}, 5);
  for (std::size_t keep = 1; keep < whole.size() - 8; keep += 3) {
    Bytes cut = sizes(static_cast<std::uint32_t>(4 + keep), static_cast<std::uint32_t>(keep));
    cut.insert(cut.end(), whole.begin() + 8, whole.begin() + 8 + static_cast<std::ptrdiff_t>(keep));
    RawClient client = this->client();
    client.send_bytes(cut);
    client.shut_down_sending();
    while (client.receive()) continue;  // refused, or answered where what was cut off was padding
  }
}

TEST_F(BadInput, MessagesOfALaterVersionAreRefusedAndTheConnectionGoesOn) {
  start();
  // A ping whose union member is one that does not exist: the type is the byte before the table's correlation field ends.
  const Bytes ping = frame_of(native::Ping{}, 0x1122334455667788);
  int refused = 0;
  for (std::size_t at = 8; at < ping.size(); ++at) {
    if (ping[at] != std::byte{3}) continue;
    Bytes later = ping;
    later[at] = std::byte{200};
    RawClient client = this->client();
    client.send_bytes(later);
    const auto frame = client.receive();
    if (!frame || frame->error_code() != Errc::unsupported_request) continue;
    EXPECT_EQ(frame->correlation, 0x1122334455667788U);
    EXPECT_TRUE(client.ask_for<native::Pong>(native::Ping{}).has_value());
    ++refused;
  }
  EXPECT_EQ(refused, 1);
}

TEST_F(BadInput, AFrameMayComeByteByByteAndAtAnyAddress) {
  start_with_topic();
  RawClient slow = raw();
  for (const std::byte byte : frame_of(native::Hello{1, 1, "slow", ""}, 1)) slow.send_bytes({&byte, 1});
  ASSERT_TRUE(std::holds_alternative<native::HelloReply>(slow.receive()->message));
  for (std::size_t odd = 1; odd < 12; ++odd) {
    const Bytes batch = batch_of({std::string(odd, 'x')});
    for (const std::byte byte : frame_of(native::Publish{target, native::AckLevel::durable}, odd, batch))
      slow.send_bytes({&byte, 1});
    ASSERT_TRUE(slow.wait_for_ack(odd).has_value());
  }
}

TEST_F(BadInput, FramesOfAllLengthsInOneStreamAreMisalignedAndAllAnswered) {
  start();
  RawClient client = this->client();
  Bytes stream;
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    const Bytes frame = frame_of(native::DescribeTopic{std::string(i % 17, 'x')}, i, as_bytes(std::string(i % 5, 'p')));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  client.send_bytes(stream);
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    const auto frame = client.receive();
    ASSERT_TRUE(frame.has_value());
    ASSERT_EQ(frame->correlation, i);
    ASSERT_EQ(frame->error_code(), Errc::unknown_topic);
  }
}

TEST_F(BadInput, AnotherProtocolIsClosed) {
  start();
  for (const char* text :
       {"GET / HTTP/1.1\r\nHost: leat\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03"}) {
    RawClient lost = raw();
    lost.send_bytes(as_bytes(text));
    EXPECT_EQ(lost.receive()->error_code(), Errc::frame_too_large);
    EXPECT_TRUE(lost.is_closed());
  }
}

TEST_F(BadInput, BatchesAreRefusedForWhatIsWrongWithThem) {
  start_with_topic();
  namespace field = record::field;
  Bytes flipped = batch_of({"a", "b"});
  flipped.back() ^= std::byte{1};
  EXPECT_EQ(publish_refusal(flipped), Errc::corrupt_batch);
  EXPECT_EQ(publish_refusal({}), Errc::invalid_batch);
  EXPECT_EQ(publish_refusal(as_bytes("not a batch")), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { b[field::kMagic] = std::byte{1}; }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int32_t>(b.data() + field::kRecordCount, 3); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int32_t>(b.data() + field::kRecordCount, 0); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int32_t>(b.data() + field::kRecordCount, -2); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int32_t>(b.data() + field::kLastOffsetDelta, 7); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int16_t>(b.data() + field::kAttributes, 5); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int16_t>(b.data() + field::kAttributes, 0x20); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int64_t>(b.data() + field::kProducerId, -7); }), Errc::invalid_batch);
  EXPECT_EQ(changed_batch([](Bytes& b) { b.push_back(std::byte{0}); }), Errc::invalid_batch) << "trailing bytes";
  EXPECT_EQ(changed_batch([](Bytes& b) { b.pop_back(); }), Errc::invalid_batch) << "cut short";
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int32_t>(b.data() + field::kBatchLength, 0x7fffffff); }),
            Errc::batch_too_large);
  EXPECT_EQ(changed_batch([](Bytes& b) { store_be<std::int32_t>(b.data() + field::kBatchLength, -1); }), Errc::invalid_batch);
  Bytes twice = batch_of({"a"});
  const Bytes copy = twice;
  twice.insert(twice.end(), copy.begin(), copy.end());
  EXPECT_EQ(publish_refusal(twice), Errc::invalid_batch) << "exactly one batch a publish";
}

TEST_F(BadInput, CountsThatTheBytesCannotHoldAreRefused) {
  start_with_topic();
  EXPECT_EQ(changed_batch([](Bytes& b) {
              store_be<std::int32_t>(b.data() + record::field::kRecordCount, 0x7ffffffe);
              store_be<std::int32_t>(b.data() + record::field::kLastOffsetDelta, 0x7ffffffd);
            }),
            Errc::invalid_batch);
}

TEST_F(BadInput, ABaseOffsetOfThePublishersIsOverwritten) {
  start_with_topic();
  Bytes batch = batch_of({"a"});
  store_be<std::int64_t>(batch.data(), 1'000'000);
  EXPECT_EQ(client().publish(target, batch).value().base_offset, Offset(0));
  EXPECT_EQ(records_of(client().ask(native::Read{target, Offset(0), 1000}).payload).front().offset, Offset(0));
}

TEST_F(BadInput, FramesOutOfOrderAreAnsweredEachForItself) {
  start_with_topic();
  RawClient client = this->client();
  EXPECT_EQ(client.ask(native::Unsubscribe{7}).error_code(), Errc::unknown_subscription);
  client.send(native::Credit{7, 1000}, 0);
  EXPECT_EQ(client.ask(native::Deliver{7, Offset(0), Offset(0)}).error_code(), Errc::unsupported_request);
  EXPECT_EQ(client.ask(native::Hello{}).error_code(), Errc::invalid_argument);
  EXPECT_TRUE(client.ask_for<native::Pong>(native::Ping{}).has_value());
}

TEST_F(BadInput, ARequestWithTheCorrelationOfNoneEndsTheConnection) {
  start_with_topic();
  EXPECT_EQ(refusal_of(frame_of(native::Ping{}, 0)), Errc::malformed_frame);
  EXPECT_EQ(refusal_of(frame_of(native::Publish{target, native::AckLevel::durable}, 0, batch_of({"a"}))), Errc::malformed_frame);
  EXPECT_EQ(server->broker().topics().partition(target).value()->log().next_offset(), Offset(0));
}

TEST_F(BadInput, ANameBeyondAllMeasureIsAnInvalidName) {
  start();
  RawClient client = this->client();
  for (const std::size_t bytes : {std::size_t{250}, std::size_t{70'000}, std::size_t{100'000}}) {
    EXPECT_EQ(client.ask(native::CreateTopic{std::string(bytes, 'x'), 1, {}}).error_code(), Errc::invalid_topic_name) << bytes;
  }
  EXPECT_EQ(client.ask(native::CreateTopic{"a", 1, {{"retention.ms", std::string(100'000, '1')}}}).error_code(),
            Errc::invalid_argument);
}

/// Good frames of every request, to be damaged.
std::vector<Bytes> samples(const TopicPartition& target) {
  std::vector<Bytes> frames;
  const Bytes batch = batch_of({"one", "two"}, {}, 5, record::Codec::lz4);
  frames.push_back(frame_of(native::Hello{1, 1, "fuzz", "1"}, 1));
  frames.push_back(frame_of(native::Ping{}, 2));
  frames.push_back(frame_of(native::CreateTopic{"fuzz", 1, {{"retention.ms", "5"}, {"durability", "os"}}}, 3));
  frames.push_back(frame_of(native::AlterTopic{"fuzz", 0, {{"segment.bytes", "100000"}}}, 4));
  frames.push_back(frame_of(native::DeleteTopic{"fuzz"}, 5));
  frames.push_back(frame_of(native::DescribeTopic{"orders"}, 6));
  frames.push_back(frame_of(native::ListTopics{"a"}, 7));
  frames.push_back(frame_of(native::InitProducer{}, 8));
  frames.push_back(frame_of(native::Publish{target, native::AckLevel::written}, 9, batch));
  frames.push_back(frame_of(native::Read{target, Offset(0), 1000}, 10));
  frames.push_back(frame_of(native::ListOffsets{target, native::OffsetSpec::timestamp, 5}, 11));
  frames.push_back(frame_of(native::DeleteRecords{target, Offset(0)}, 12));
  frames.push_back(frame_of(native::Subscribe{1, target, Offset(0), 1000}, 13));
  frames.push_back(frame_of(native::Credit{1, 100}, 0));
  frames.push_back(frame_of(native::Unsubscribe{1}, 14));
  return frames;
}

Bytes damaged(Bytes frame, Random& random) {
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random.next() % n); };
  switch (below(6)) {
    case 0:  // some bits
      for (std::size_t n = 1 + below(4); n > 0; --n) frame[below(frame.size())] ^= std::byte(1U << below(8));
      break;
    case 1:  // a bit behind the sizes, so that the frame is still one
      frame[8 + below(frame.size() - 8)] ^= std::byte(1U << below(8));
      break;
    case 2:  // cut short
      frame.resize(below(frame.size()));
      break;
    case 3:  // a word that might be an offset, a length or a count
      store_le(frame.data() + 8 + below(frame.size() - 11), static_cast<std::uint32_t>(random.next() >> below(64)));
      break;
    case 4: {  // noise in a sound frame
      const std::size_t noise = 4 + below(200);
      frame = sizes(static_cast<std::uint32_t>(4 + noise), static_cast<std::uint32_t>(1 + below(noise)));
      while (frame.size() < 8 + noise) frame.push_back(std::byte(random.next() & 0xff));
      break;
    }
    default:  // nothing but noise
      for (std::byte& byte : frame) byte = std::byte(random.next() & 0xff);
  }
  return frame;
}

TEST_F(BadInput, DamagedFramesByTheTenThousandDoNoHarm) {
  start_with_topic();
  const std::uint64_t seed = SystemRandom().next();
  std::cout << "seed " << seed << "\n";
  SeededRandom random(seed);
  const std::vector<Bytes> good = samples(target);
  int frames = 0;
  for (int connection = 0; connection < 2500; ++connection) {
    RawClient client = raw();
    Bytes stream = frame_of(native::Hello{1, 1, "fuzz", "1"}, 1);
    if (connection % 10 == 0) stream.clear();  // some attack the handshake
    for (int i = 0; i < 12; ++i, ++frames) {
      const Bytes& sample = good[static_cast<std::size_t>(random.next() % good.size())];
      const Bytes frame = random.next() % 4 == 0 ? sample : damaged(sample, random);
      stream.insert(stream.end(), frame.begin(), frame.end());
    }
    client.send_bytes(stream);
    client.shut_down_sending();
    while (client.receive()) continue;  // receive() throws when the broker's own frames are not sound
  }
  EXPECT_EQ(frames, 30'000);
}

class HalfFrames : public BadInput {
 protected:
  static constexpr std::size_t kConnections = 2000;
  void SetUp() override {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * kConnections + 200) GTEST_SKIP() << "too few file descriptors: " << limit.rlim_cur;
    start();
  }
  /// What the broker holds for that many connections that each sent this and then nothing more.
  std::size_t bytes_held_for(bool with_hello, ByteSpan beginning) {
    const std::size_t before = resident_bytes();
    std::vector<RawClient> open;
    for (std::size_t i = 0; i < kConnections; ++i) {
      open.push_back(with_hello ? client() : raw());
      EXPECT_TRUE(open.back().send_bytes(beginning));
    }
    expect_serves_a_good_client();
    while (server->connections() < kConnections) std::this_thread::yield();
    const std::size_t now = resident_bytes();
    return now > before ? now - before : 0;
  }
};

TEST_F(HalfFrames, CostLittleBeforeTheHello) {
  Bytes half = sizes(64U << 10, 1000);
  const std::size_t held = bytes_held_for(false, half);
  if (kMemoryIsMeaningful) {
    EXPECT_LT(held, 60U << 20);
  }
}

TEST_F(HalfFrames, CostTheirOwnSizeBeforeTheHello) {
  Bytes half = sizes(64U << 10, 1000);
  half.resize(40'000);
  const std::size_t held = bytes_held_for(false, half);
  if (kMemoryIsMeaningful) {
    EXPECT_LT(held, kConnections * (64U << 10) + (30U << 20));
  }
}

TEST_F(HalfFrames, DeclaredLengthsCostNothing) {
  Bytes half = sizes(8U << 20, 1000);
  half.resize(1000);
  const std::size_t held = bytes_held_for(true, half);
  if (kMemoryIsMeaningful) {
    EXPECT_LT(held, 60U << 20) << "16 GB were declared";
  }
}

}  // namespace
}  // namespace leat::server
