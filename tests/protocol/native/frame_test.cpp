#include <algorithm>
#include <array>

#include "protocol/base/endian.hpp"
#include "samples.hpp"

namespace leat::native {
namespace {

/// A prefix that declares these sizes, and so many bytes of zeros behind it.
std::vector<std::byte> declaring(std::uint32_t frame_bytes, std::uint32_t header_bytes, std::size_t more = 0) {
  std::vector<std::byte> bytes(kFramePrefixBytes + more);
  store_le(bytes.data(), frame_bytes);
  store_le(bytes.data() + kFrameSizeBytes, header_bytes);
  return bytes;
}

Errc refusal(ByteSpan bytes, std::size_t frame_bytes_max = kFrameBytesMax) {
  return next_frame(bytes, frame_bytes_max).error().code;
}

std::size_t need(ByteSpan bytes, std::size_t frame_bytes_max = kFrameBytesMax) {
  return std::get<FrameNeed>(next_frame(bytes, frame_bytes_max).value()).bytes_total;
}

TEST(NextFrame, TakesHeaderAndPayloadApart) {
  const std::vector<std::byte> bytes = encoded(Publish{kTarget, AckLevel::durable}, 1, 100);
  const auto frame = std::get<FrameView>(next_frame(bytes, kFrameBytesMax).value());
  EXPECT_EQ(frame.bytes, bytes.size());
  EXPECT_EQ(frame.header.data(), bytes.data() + kFramePrefixBytes);
  EXPECT_EQ(frame.header.size() + 100 + kFramePrefixBytes, bytes.size());
  EXPECT_EQ(frame.payload.data(), bytes.data() + bytes.size() - 100);
  EXPECT_EQ(frame.payload.size(), 100U);
}

TEST(NextFrame, LeavesWhatFollowsAlone) {
  std::vector<std::byte> bytes = encoded(Ping{}, 1);
  const std::size_t frame_bytes = bytes.size();
  bytes.resize(frame_bytes + 3, std::byte{0xff});
  const auto frame = std::get<FrameView>(next_frame(bytes, kFrameBytesMax).value());
  EXPECT_EQ(frame.bytes, frame_bytes);
  EXPECT_TRUE(frame.payload.empty());
}

TEST(NextFrame, NoPrefixOfAFrameIsAFrame) {
  const std::vector<std::byte> bytes = encoded(Subscribe{1, kTarget, Offset(2), 3}, 1, 33);
  std::size_t last = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::size_t now = need(ByteSpan(bytes).first(length));
    EXPECT_GT(now, length);
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_EQ(last, bytes.size());
}

TEST(NextFrame, TheNeedIsKnownFromTheFirstFourBytes) {
  EXPECT_EQ(need({}), kFramePrefixBytes);
  EXPECT_EQ(need(ByteSpan(declaring(1000, 100)).first(3)), kFramePrefixBytes);
  EXPECT_EQ(need(ByteSpan(declaring(1000, 100)).first(4)), 1004U);
  EXPECT_EQ(need(ByteSpan(declaring(1000, 100)).first(7)), 1004U);
}

TEST(NextFrame, SizesWithoutRoomForAHeaderAreMalformed) {
  for (std::uint32_t frame_bytes = 0; frame_bytes <= 4; ++frame_bytes) {
    EXPECT_EQ(refusal(ByteSpan(declaring(frame_bytes, 0)).first(4)), Errc::malformed_frame) << frame_bytes;
  }
  for (std::uint32_t frame_bytes = 5; frame_bytes <= 7; ++frame_bytes) {
    EXPECT_EQ(refusal(declaring(frame_bytes, 0)), Errc::malformed_frame) << frame_bytes;
    EXPECT_EQ(refusal(declaring(frame_bytes, frame_bytes - 3)), Errc::malformed_frame) << frame_bytes;
    EXPECT_EQ(need(declaring(frame_bytes, frame_bytes - 4)), frame_bytes + 4U);
  }
}

TEST(NextFrame, HugeSizesAreRefusedFromTheirFourBytes) {
  for (const std::uint32_t frame_bytes :
       {0x7fffffffU, 0x80000000U, 0xffffffffU, static_cast<std::uint32_t>(kFrameBytesMax) + 1}) {
    EXPECT_EQ(refusal(ByteSpan(declaring(frame_bytes, 8)).first(4)), Errc::frame_too_large) << frame_bytes;
  }
}

TEST(NextFrame, TheLimitItselfIsAllowed) {
  EXPECT_EQ(need(declaring(1000, 8), 1000), 1004U);
  EXPECT_EQ(refusal(declaring(1001, 8), 1000), Errc::frame_too_large);
  EXPECT_EQ(need(declaring(0xffffffffU, 8), 0xffffffffU), std::size_t{0xffffffffU} + 4);
}

TEST(NextFrame, AHeaderLargerThanItsFrameIsMalformed) {
  EXPECT_EQ(refusal(declaring(100, 97)), Errc::malformed_frame);
  EXPECT_EQ(refusal(declaring(100, 0xffffffffU)), Errc::malformed_frame);
  EXPECT_EQ(need(declaring(100, 96)), 104U);
}

TEST(NextFrame, AHeaderBeyondItsLimitIsTooLarge) {
  constexpr auto kMax = static_cast<std::uint32_t>(kHeaderBytesMax);
  EXPECT_EQ(refusal(declaring(4 * kMax, kMax + 1)), Errc::frame_too_large);
  EXPECT_EQ(need(declaring(4 * kMax, kMax)), 4U * kMax + 4U);
}

TEST(NextFrame, AFrameMayBeHeaderOnly) {
  const std::vector<std::byte> bytes = declaring(12, 8, 8);
  const auto frame = std::get<FrameView>(next_frame(bytes, 12).value());
  EXPECT_EQ(frame.header.size(), 8U);
  EXPECT_TRUE(frame.payload.empty());
}

}  // namespace
}  // namespace leat::native
