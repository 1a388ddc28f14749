#include "server/net/receive_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace leat::server {
namespace {

constexpr std::size_t kBlock = 256U << 10;
constexpr std::size_t kBudget = 8U << 20;

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
  std::shared_ptr<ReceiveMemory> memory_ = std::make_shared<ReceiveMemory>(kBlock, 8, kBudget);
  ReceiveBuffer buffer_{memory_};
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
  memory_ = std::make_shared<ReceiveMemory>(kBlock, 8, std::size_t{1} << 33);
  buffer_ = ReceiveBuffer(memory_);
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
  EXPECT_EQ(memory_->blocks.use_count(), 1) << "the block is back";
  EXPECT_EQ(memory_->budget->used_bytes(), 0U);
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

TEST_F(ReceiveBufferTest, SmallFramesAreReceivedWithoutABudget) {
  const ByteBudget::Share all = memory_->budget->take(kBudget);
  std::size_t consumed = 0;
  for (int i = 0; i < 100; ++i) {
    receive(3000, 3000);
    expect_unread(consumed, 3000);
    buffer_.consume(3000);
    consumed += 3000;
  }
  EXPECT_EQ(memory_->budget->used_bytes(), kBudget);
}

TEST_F(ReceiveBufferTest, ALargeFrameWaitsForItsShare) {
  constexpr std::size_t kFrame = 1U << 20;
  ByteBudget::Share all = memory_->budget->take(kBudget);
  receive(1000, 0);
  EXPECT_TRUE(buffer_.prepare(kFrame).empty());
  all.resize(0);
  buffer_.admit(memory_->budget->take(buffer_.missing_bytes(kFrame)));
  all.resize(kBudget);
  receive(kFrame - 1000, kFrame);
  expect_unread(0, kFrame);
}

TEST_F(ReceiveBufferTest, TheShareOfAFrameLastsAsLongAsAnyOfIt) {
  constexpr std::size_t kFrame = 1U << 20;
  receive(kFrame, kFrame);
  SharedBytes piece = buffer_.share(buffer_.unread().subspan(5, 10));
  buffer_.consume(kFrame);
  buffer_.park(0);
  EXPECT_GE(memory_->budget->used_bytes(), kFrame);
  piece = {};
  EXPECT_EQ(memory_->budget->used_bytes(), 0U);
}

TEST_F(ReceiveBufferTest, LargeMemoryIsGivenUpWhenOthersWaitForIt) {
  constexpr std::size_t kFrame = kBudget - kBlock;
  receive(kFrame, kFrame);
  bool served = false;
  const ByteBudget::Share rest = memory_->budget->take(kBudget - memory_->budget->used_bytes());
  memory_->budget->wait(kBlock, [&served](ByteBudget::Ticket, const ByteBudget::Share&) { served = true; });
  EXPECT_FALSE(served);
  buffer_.consume(kFrame);
  receive(100, 100);
  EXPECT_TRUE(served);
  expect_unread(kFrame, 100);
}

}  // namespace
}  // namespace leat::server
