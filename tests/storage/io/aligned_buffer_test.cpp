#include "storage/io/aligned_buffer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace leat::storage {
namespace {

TEST(AlignedBuffer, AddressAndSizeSuitDirectFiles) {
  const AlignedBuffer buffer(5000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % kDirectAlignment, 0U);
  EXPECT_EQ(buffer.span().size(), 8192U);
}

TEST(AlignedBuffer, AMultipleOfTheAlignmentIsNotRoundedUp) { EXPECT_EQ(AlignedBuffer(4096).size(), 4096U); }

TEST(AlignedBuffer, EmptyOnesHoldNothing) {
  EXPECT_TRUE(AlignedBuffer().span().empty());
  EXPECT_TRUE(AlignedBuffer(0).span().empty());
}

TEST(AlignedBuffer, MovingHandsTheMemoryOver) {
  AlignedBuffer first(4096);
  first.span()[4095] = std::byte{7};
  AlignedBuffer second = std::move(first);
  AlignedBuffer third(8192);
  third = std::move(second);
  ASSERT_EQ(third.size(), 4096U);
  EXPECT_EQ(third.span()[4095], std::byte{7});
  EXPECT_TRUE(first.span().empty());   // NOLINT(bugprone-use-after-move): a buffer moved from is an empty one
  EXPECT_TRUE(second.span().empty());  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace leat::storage
