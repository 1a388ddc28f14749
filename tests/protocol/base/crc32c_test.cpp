#include "protocol/base/crc32c.hpp"

#include <gtest/gtest.h>
#include <isa-l/crc.h>

#include <algorithm>
#include <vector>

#include "protocol/base/random.hpp"

namespace leat {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t length) {
  SeededRandom random(20260517);
  Bytes bytes(length);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random.next()); });
  return bytes;
}

/// ISA-L takes and returns the bare register, without the inversions before and after.
std::uint32_t isal(std::uint32_t crc, ByteSpan bytes) {
  auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~crc);
}

void expect_all_agree(std::uint32_t before, ByteSpan bytes) {
  const std::uint32_t expected = isal(before, bytes);
  ASSERT_EQ(detail::crc32c_portable(before, bytes), expected) << bytes.size() << " bytes";
  ASSERT_EQ(crc32c_extend(before, bytes), expected) << bytes.size() << " bytes";
  if (detail::crc32c_hardware_available()) {
    ASSERT_EQ(detail::crc32c_hardware(before, bytes), expected) << bytes.size() << " bytes";
  }
}

// RFC 3720 appendix B.4, and the check value of the CRC catalogues.
TEST(Crc32c, MatchesThePublishedVectors) {
  Bytes ascending(32);
  for (std::size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0})), 0x8a9136aaU);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43U);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eU);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, PortableMatchesThePublishedVectorsOnItsOwn) {
  EXPECT_EQ(detail::crc32c_portable(0, as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(detail::crc32c_portable(0, Bytes(32, std::byte{0})), 0x8a9136aaU);
}

TEST(Crc32c, ImplementationsAgreeAtEveryLengthAndAlignment) {
  const Bytes bytes = random_bytes(1800);
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= bytes.size(); ++length) {
      ASSERT_NO_FATAL_FAILURE(
          expect_all_agree(static_cast<std::uint32_t>(length * 2654435761U), ByteSpan(bytes).subspan(start, length)));
    }
  }
}

TEST(Crc32c, ImplementationsAgreeAroundEveryStretchLength) {
  const Bytes bytes = random_bytes(40'000);
  for (const std::size_t near : {1536U, 12'288U, 13'824U, 24'576U, 36'864U}) {
    for (std::size_t length = near - 20; length < near + 20; ++length) {
      ASSERT_NO_FATAL_FAILURE(expect_all_agree(0, ByteSpan(bytes).subspan(near % 7, length)));
    }
  }
}

TEST(Crc32c, ExtendingOverAnySplitGivesTheChecksumOfTheWhole) {
  const Bytes bytes = random_bytes(14'000);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t split = 0; split <= bytes.size(); split += 61) {
    const ByteSpan all(bytes);
    ASSERT_EQ(crc32c_extend(crc32c(all.first(split)), all.subspan(split)), whole) << split;
  }
}

}  // namespace
}  // namespace leat
