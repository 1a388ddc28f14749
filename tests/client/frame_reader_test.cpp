#include "client/src/frame_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "protocol/native/codec.hpp"

namespace leat::client {
namespace {

class FrameReaderTest : public ::testing::Test {
 protected:
  static std::vector<std::byte> frame(std::size_t payload_bytes, std::byte fill = std::byte{'p'}) {
    std::vector<std::byte> bytes;
    native::encode_frame(native::Deliver{1, Offset(1), Offset(1)}, 0, payload_bytes, bytes);
    bytes.insert(bytes.end(), payload_bytes, fill);
    return bytes;
  }
  /// Hands the reader so many bytes at a time and collects the frames' payloads.
  void feed(const std::vector<std::byte>& stream, std::size_t step) {
    for (std::size_t at = 0; at < stream.size();) {
      const MutableByteSpan space = reader.space();
      const std::size_t bytes = std::min({step, space.size(), stream.size() - at});
      std::memcpy(space.data(), stream.data() + at, bytes);
      reader.received(bytes);
      at += bytes;
      for (auto next = reader.next().value(); next; next = reader.next().value()) payloads.push_back(std::move(next->payload));
    }
  }

  std::shared_ptr<BlockPool> pool = std::make_shared<BlockPool>(std::size_t{8} << 20);
  FrameReader reader{pool, std::size_t{16} << 20};
  std::vector<SharedBytes> payloads;
};

TEST_F(FrameReaderTest, FindsFramesHoweverTheyArrive) {
  std::vector<std::byte> stream;
  for (const std::size_t size : {0U, 1U, 100U, 5'000U, 0U, 3U}) {
    const auto one = frame(size);
    stream.insert(stream.end(), one.begin(), one.end());
  }
  for (const std::size_t step : {1U, 7U, 64U, 100'000U}) {
    payloads.clear();
    feed(stream, step);
    ASSERT_EQ(payloads.size(), 6U) << step;
    EXPECT_EQ(payloads[3].size(), 5'000U);
    EXPECT_EQ(as_text(payloads[5].span()), "ppp");
  }
}

TEST_F(FrameReaderTest, TakesAFrameLargerThanABlock) {
  feed(frame(FrameReader::kBlockBytes * 3), 300'000);
  ASSERT_EQ(payloads.size(), 1U);
  EXPECT_EQ(payloads[0].size(), FrameReader::kBlockBytes * 3);
}

TEST_F(FrameReaderTest, KnowsHowMuchAFrameLacks) {
  const auto one = frame(100'000);
  EXPECT_EQ(reader.missing_bytes(), 0U);
  const std::vector<std::byte> begin(one.begin(), one.begin() + 1'000);
  const std::vector<std::byte> rest(one.begin() + 1'000, one.end());
  feed(begin, begin.size());
  EXPECT_EQ(reader.missing_bytes(), rest.size());
  feed(rest, rest.size());
  EXPECT_EQ(reader.missing_bytes(), 0U);
}

TEST_F(FrameReaderTest, PayloadsStayAsTheyWereWhileMoreIsRead) {
  std::vector<std::byte> stream;
  for (int i = 0; i < 100; ++i) {
    const auto one = frame(100'000, static_cast<std::byte>(i));
    stream.insert(stream.end(), one.begin(), one.end());
  }
  feed(stream, 65'536);
  ASSERT_EQ(payloads.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    const auto span = payloads[static_cast<std::size_t>(i)].span();
    EXPECT_TRUE(std::all_of(span.begin(), span.end(), [&](std::byte b) { return b == static_cast<std::byte>(i); })) << i;
  }
}

TEST_F(FrameReaderTest, RefusesAFrameBeyondTheLimitFromItsSize) {
  FrameReader small(pool, 1'000);
  const auto bytes = frame(2'000);
  std::memcpy(small.space().data(), bytes.data(), 8);
  small.received(8);
  EXPECT_EQ(small.next().error().code, Errc::frame_too_large);
}

TEST(BlockPool, GivesTheSameMemoryAgain) {
  const auto pool = std::make_shared<BlockPool>(1 << 20);
  const std::byte* first = pool->take(1000)->bytes.get();
  EXPECT_EQ(pool->take(500)->bytes.get(), first);
  const auto larger = pool->take(2000);
  EXPECT_GE(larger->capacity, 2000U);
}

TEST(BlockPool, BlocksOutliveIt) {
  auto pool = std::make_shared<BlockPool>(1 << 20);
  const auto block = pool->take(100);
  pool.reset();
  block->bytes[99] = std::byte{1};
}

}  // namespace
}  // namespace leat::client
