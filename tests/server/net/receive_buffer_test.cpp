#include "server/net/receive_buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace leat::server {
namespace {

constexpr std::size_t kBlock = 256U << 10;

class ReceiveBufferTest : public ::testing::Test {
 protected:
  /// As if the peer had sent so many bytes, each its position in the stream.
  void receive(std::size_t bytes, std::size_t frame_bytes_total = 0) {
    while (bytes > 0) {
      const MutableByteSpan room = buffer_.prepare(frame_bytes_total);
      ASSERT_FALSE(room.empty());
      const std::size_t piece = std::min(bytes, room.size());
      for (std::size_t i = 0; i < piece; ++i) room[i] = next_byte();
      buffer_.received(piece);
      bytes -= piece;
    }
  }
  void expect_unread(std::size_t from, std::size_t bytes) {
    const ByteSpan unread = buffer_.unread();
    ASSERT_EQ(unread.size(), bytes);
    for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(unread[i], byte_at(from + i)) << i;
  }
  static std::byte byte_at(std::size_t position) { return std::byte((position * 31 + position / 251) & 0xff); }
  std::byte next_byte() { return byte_at(sent_++); }

  std::size_t sent_ = 0;
  std::shared_ptr<storage::BlockPool> pool_ = std::make_shared<storage::BlockPool>(kBlock, 8);
  ReceiveBuffer buffer_{pool_};
};

TEST_F(ReceiveBufferTest, KeepsBytesInOrderWhileTheyAreConsumedInPieces) {
  std::size_t consumed = 0;
  for (const std::size_t piece : std::vector<std::size_t>{1, 100, 70'000, 5, 250'000, 3}) {
    receive(piece);
    const std::size_t take = buffer_.unread().size() / 2;
    expect_unread(consumed, buffer_.unread().size());
    buffer_.consume(take);
    consumed += take;
  }
  expect_unread(consumed, sent_ - consumed);
}

TEST_F(ReceiveBufferTest, ADeclaredLengthIsNotBelieved) {
  receive(8, 1U << 31);
  EXPECT_LE(buffer_.prepare(1U << 31).size(), kBlock);
  EXPECT_LE(buffer_.prepare(0xffffffff).size(), kBlock);
}

TEST_F(ReceiveBufferTest, RoomForALargeFrameGrowsWithWhatHasArrived) {
  constexpr std::size_t kFrame = 5U << 20;
  while (sent_ < kFrame) {
    const std::size_t room = buffer_.prepare(kFrame).size();
    ASSERT_LE(room + buffer_.unread().size(), std::max(kBlock, 2 * sent_ + (64U << 10))) << sent_;
    receive(std::min<std::size_t>(10'000, kFrame - sent_), kFrame);
  }
  expect_unread(0, kFrame);
}

TEST_F(ReceiveBufferTest, ASharedPieceOutlivesWhatIsReceivedLater) {
  receive(1000);
  const SharedBytes piece = buffer_.share(buffer_.unread().subspan(100, 500));
  buffer_.consume(1000);
  receive(3 * kBlock, 4 * kBlock);
  for (std::size_t i = 0; i < 500; ++i) ASSERT_EQ(piece.span()[i], byte_at(100 + i));
}

TEST_F(ReceiveBufferTest, AQuietConnectionKeepsOnlyItsUnreadBytes) {
  receive(1000);
  buffer_.consume(900);
  buffer_.park(1000);
  expect_unread(900, 100);
  EXPECT_EQ(pool_.use_count(), 2) << "the block is back: nobody but the buffer and this test has the pool";
  receive(50);
  expect_unread(900, 150);
}

TEST_F(ReceiveBufferTest, ParkingLeavesMuchWhereItIs) {
  receive(2000);
  const std::byte* const before = buffer_.unread().data();
  buffer_.park(1999);
  EXPECT_EQ(buffer_.unread().data(), before);
  buffer_.park(2000);
  expect_unread(0, 2000);
}

TEST_F(ReceiveBufferTest, ParkingWithNothingReceivedIsHarmless) {
  buffer_.park(1000);
  EXPECT_TRUE(buffer_.unread().empty());
  receive(10);
  buffer_.consume(10);
  buffer_.park(1000);
  EXPECT_TRUE(buffer_.unread().empty());
}

}  // namespace
}  // namespace leat::server
