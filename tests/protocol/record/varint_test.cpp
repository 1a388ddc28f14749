#include "protocol/record/varint.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "sample_batches.hpp"

namespace leat::record {
namespace {

Bytes encoded(std::int64_t value) {
  std::array<std::byte, kVarint64BytesMax> room{};
  return {room.data(), put_varint(room.data(), value)};
}

std::optional<std::int32_t> read32(std::initializer_list<int> bytes) {
  const Bytes owned = bytes_of(bytes);
  return RecordCursor(owned).varint();
}

std::optional<std::int64_t> read64(std::initializer_list<int> bytes) {
  const Bytes owned = bytes_of(bytes);
  return RecordCursor(owned).varlong();
}

// The examples of the Protocol Buffers encoding guide, which Kafka's varints follow.
TEST(Varint, EncodesAsZigzagWithTheLowBitsFirst) {
  EXPECT_EQ(encoded(0), bytes_of({0x00}));
  EXPECT_EQ(encoded(-1), bytes_of({0x01}));
  EXPECT_EQ(encoded(1), bytes_of({0x02}));
  EXPECT_EQ(encoded(63), bytes_of({0x7e}));
  EXPECT_EQ(encoded(64), bytes_of({0x80, 0x01}));
  EXPECT_EQ(encoded(2147483647), bytes_of({0xfe, 0xff, 0xff, 0xff, 0x0f}));
  EXPECT_EQ(encoded(-2147483648LL), bytes_of({0xff, 0xff, 0xff, 0xff, 0x0f}));
}

TEST(Varint, EveryLengthIsAsAnnouncedAndReadsBack) {
  for (int bit = 0; bit < 63; ++bit) {
    for (const std::int64_t value : {(std::int64_t{1} << bit) - 1, std::int64_t{1} << bit, -(std::int64_t{1} << bit)}) {
      const Bytes bytes = encoded(value);
      EXPECT_EQ(bytes.size(), varint_bytes(value)) << value;
      EXPECT_EQ(RecordCursor(bytes).varlong(), value);
    }
  }
  constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(varint_bytes(kSmallest), kVarint64BytesMax);
  EXPECT_EQ(RecordCursor(encoded(kSmallest)).varlong(), kSmallest);
}

TEST(Varint, LongerFormsThanNeededAreReadUpToTheTypesLength) {
  EXPECT_EQ(read32({0x82, 0x00}), 1);
  EXPECT_EQ(read32({0x82, 0x80, 0x80, 0x80, 0x00}), 1);
  EXPECT_EQ(read32({0x82, 0x80, 0x80, 0x80, 0x80, 0x00}), std::nullopt);
  EXPECT_EQ(read64({0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), 1);
  EXPECT_EQ(read64({0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), std::nullopt);
}

TEST(Varint, ValuesBeyondTheTypeAreRefusedNotCut) {
  EXPECT_EQ(read32({0xff, 0xff, 0xff, 0xff, 0x0f}), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(read32({0x80, 0x80, 0x80, 0x80, 0x10}), std::nullopt);
  EXPECT_EQ(read64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}), std::nullopt);
}

TEST(Varint, AnUnfinishedOneTakesNothing) {
  const Bytes bytes = bytes_of({0x80, 0x80});
  RecordCursor cursor(bytes);
  EXPECT_EQ(cursor.varint(), std::nullopt);
  EXPECT_EQ(cursor.varlong(), std::nullopt);
  EXPECT_EQ(cursor.remaining(), 2U);
  EXPECT_EQ(RecordCursor().varint(), std::nullopt);
}

TEST(RecordCursor, TakesNoMoreThanThereIs) {
  const Bytes bytes(3);
  RecordCursor cursor(bytes);
  EXPECT_FALSE(cursor.take(4).has_value());
  EXPECT_EQ(cursor.take(3)->size(), 3U);
  EXPECT_FALSE(cursor.take(1).has_value());
}

}  // namespace
}  // namespace leat::record
