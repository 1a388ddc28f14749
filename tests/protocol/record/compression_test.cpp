#include "protocol/record/compression.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sample_batches.hpp"

namespace leat::record {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

Bytes compressed(Codec codec, ByteSpan in) {
  Bytes out;
  EXPECT_TRUE(compress(codec, in, out).has_value());
  return out;
}

Result<Bytes> decompressed(Codec codec, ByteSpan in, const DecompressLimits& limits = {}) {
  Bytes out;
  LEAT_TRY(decompress(codec, in, limits, out));
  return out;
}

std::optional<Errc> verdict(Codec codec, ByteSpan in, const DecompressLimits& limits = {}) {
  return error_of(decompressed(codec, in, limits));
}

Bytes concatenated(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

/// Text-like bytes: compressible, but not by much.
Bytes letters(std::size_t length, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes bytes(length);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>('a' + random.next() % 6); });
  return bytes;
}

/// Declares a window of 1 MiB and no content size, then 128 KiB of zeros for every four bytes (RFC 8878, RLE blocks).
Bytes zstd_bomb(int blocks) {
  Bytes frame = bytes_of({0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50});
  for (int i = 0; i < blocks; ++i) {
    const int header = (128 * 1024) << 3 | 1 << 1 | (i + 1 == blocks ? 1 : 0);
    const Bytes block = bytes_of({header & 0xff, header >> 8 & 0xff, header >> 16 & 0xff, 0});
    frame.insert(frame.end(), block.begin(), block.end());
  }
  return frame;
}

std::string codec_name(const ::testing::TestParamInfo<Codec>& test) { return std::string(name_of(test.param)); }

class EveryCodec : public ::testing::TestWithParam<Codec> {};

TEST_P(EveryCodec, ReadsBackAnySize) {
  for (const std::size_t length : {0U, 1U, 2U, 100U, 4096U, 65'535U, 65'536U, 65'537U, 300'000U}) {
    const Bytes in = letters(length, length);
    EXPECT_EQ(decompressed(GetParam(), compressed(GetParam(), in)).value(), in) << length;
  }
}

TEST_P(EveryCodec, StaysWithinItsBound) {
  SeededRandom random(3);
  Bytes noise(100'000);
  std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::byte>(random.next()); });
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, noise.size()}) {
    EXPECT_LE(compressed(GetParam(), ByteSpan(noise).first(length)).size(), compressed_bytes_bound(GetParam(), length));
  }
}

TEST_P(EveryCodec, AppendsToWhatIsThere) {
  Bytes out = bytes_of({1, 2, 3});
  const Bytes in = letters(1000, 1);
  ASSERT_TRUE(compress(GetParam(), in, out).has_value());
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 3), bytes_of({1, 2, 3}));
  const Bytes packed(out.begin() + 3, out.end());
  out.resize(3);
  ASSERT_TRUE(decompress(GetParam(), packed, {}, out).has_value());
  EXPECT_EQ(out, concatenated(bytes_of({1, 2, 3}), in));
}

TEST_P(EveryCodec, LimitIsInclusive) {
  const Bytes packed = compressed(GetParam(), letters(70'000, 2));
  EXPECT_EQ(verdict(GetParam(), packed, DecompressLimits{70'000}), std::nullopt);
  EXPECT_EQ(verdict(GetParam(), packed, DecompressLimits{69'999}), Errc::batch_too_large);
  EXPECT_EQ(verdict(GetParam(), packed, DecompressLimits{0}), Errc::batch_too_large);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, ::testing::ValuesIn(kCodecs), codec_name);

class EveryCompressingCodec : public ::testing::TestWithParam<Codec> {};

TEST_P(EveryCompressingCodec, MakesEqualBytesSmaller) { EXPECT_LT(compressed(GetParam(), Bytes(100'000)).size(), 10'000U); }

TEST_P(EveryCompressingCodec, ABombIsRefusedBeforeItTakesTheMemory) {
  const Bytes bomb = compressed(GetParam(), Bytes(32 * kMiB));
  Bytes out = bytes_of({1, 2, 3});
  EXPECT_EQ(error_of(decompress(GetParam(), bomb, DecompressLimits{kMiB}, out)), Errc::batch_too_large);
  EXPECT_EQ(out, bytes_of({1, 2, 3}));
  // A vector doubles: no more than twice the limit was ever asked for.
  EXPECT_LE(out.capacity(), 2 * kMiB + 16);
}

TEST_P(EveryCompressingCodec, RatioIsLimitedBeyondTheFreeBytes) {
  const Bytes packed = compressed(GetParam(), Bytes(8 * kMiB));
  EXPECT_EQ(verdict(GetParam(), packed, DecompressLimits{64 * kMiB, 10, 0}), Errc::batch_too_large);
  EXPECT_EQ(verdict(GetParam(), packed, DecompressLimits{64 * kMiB, 10, 4 * kMiB}), Errc::batch_too_large);
  EXPECT_EQ(verdict(GetParam(), packed, DecompressLimits{64 * kMiB, 10, 8 * kMiB}), std::nullopt);
}

TEST_P(EveryCompressingCodec, EveryCutIsInvalid) {
  const Bytes packed = compressed(GetParam(), letters(600, 4));
  for (std::size_t length = 0; length < packed.size(); ++length) {
    const Bytes cut(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_EQ(verdict(GetParam(), cut), Errc::invalid_batch) << length;
  }
}

TEST_P(EveryCompressingCodec, BytesBehindTheEndAreInvalid) {
  const Bytes packed = compressed(GetParam(), letters(600, 4));
  EXPECT_EQ(verdict(GetParam(), concatenated(packed, bytes_of({0}))), Errc::invalid_batch);
  EXPECT_EQ(verdict(GetParam(), concatenated(packed, letters(40, 5))), Errc::invalid_batch);
}

TEST_P(EveryCompressingCodec, AnyChangedByteEndsInBytesWithinTheLimitOrAnError) {
  const Bytes packed = compressed(GetParam(), letters(2000, 6));
  for (std::size_t at = 0; at < packed.size(); ++at) {
    for (const int mask : {0x01, 0x08, 0x80, 0xff}) {
      Bytes changed = packed;
      changed[at] ^= static_cast<std::byte>(mask);
      const auto out = decompressed(GetParam(), changed, DecompressLimits{10'000});
      ASSERT_TRUE(out.has_error() || out->size() <= 10'000U);
    }
  }
}

TEST_P(EveryCompressingCodec, WorksAgainAfterAFailure) {
  const Bytes in = letters(5000, 7);
  const Bytes packed = compressed(GetParam(), in);
  ASSERT_TRUE(verdict(GetParam(), ByteSpan(packed).first(packed.size() / 2)).has_value());
  EXPECT_EQ(decompressed(GetParam(), packed).value(), in);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCompressingCodec, ::testing::ValuesIn(kCompressingCodecs), codec_name);

TEST(DecompressLimits, TheRatioCountsOnlyBetweenTheFreeBytesAndTheMaximum) {
  const DecompressLimits limits{1000, 10, 100};
  EXPECT_EQ(limits.output_bytes_max_for(1), 100U);
  EXPECT_EQ(limits.output_bytes_max_for(20), 200U);
  EXPECT_EQ(limits.output_bytes_max_for(500), 1000U);
  EXPECT_EQ(limits.output_bytes_max_for(SIZE_MAX / 2), 1000U);
}

TEST(Decompress, FramesAndMembersMayFollowOneAnother) {
  const Bytes first = letters(3000, 8);
  const Bytes second = letters(1000, 9);
  for (const Codec codec : {Codec::gzip, Codec::lz4, Codec::zstd}) {
    const Bytes both = concatenated(compressed(codec, first), compressed(codec, second));
    EXPECT_EQ(decompressed(codec, both).value(), concatenated(first, second)) << name_of(codec);
  }
}

TEST(Zstd, AFrameThatDeclaresNoSizeIsBoundedWhileItIsDecoded) {
  EXPECT_EQ(decompressed(Codec::zstd, zstd_bomb(8), DecompressLimits{kMiB}).value(), Bytes(kMiB));
  Bytes out;
  EXPECT_EQ(error_of(decompress(Codec::zstd, zstd_bomb(10'000), DecompressLimits{kMiB}, out)), Errc::batch_too_large);
  EXPECT_LE(out.capacity(), 2 * kMiB + 16);
}

TEST(Snappy, ADeclaredLengthBeyondWhatTheBytesCanHoldIsInvalid) {
  Bytes out;
  const Bytes lie = bytes_of({0xff, 0xff, 0xff, 0xff, 0x07, 0x00, 'a'});
  EXPECT_EQ(error_of(decompress(Codec::snappy, lie, {}, out)), Errc::invalid_batch);
  EXPECT_EQ(out.capacity(), 0U);
}

class XerialSnappy : public ::testing::Test {
 protected:
  XerialSnappy() { stream_ = bytes_of({0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}); }

  void add_block(ByteSpan content) {
    const Bytes block = compressed(Codec::snappy, content);
    add_length(static_cast<int>(block.size()));
    stream_.insert(stream_.end(), block.begin(), block.end());
  }
  void add_length(int length) {
    std::byte bytes[4];
    store_be(bytes, length);
    stream_.insert(stream_.end(), bytes, bytes + 4);
  }
  [[nodiscard]] std::optional<Errc> verdict(const DecompressLimits& limits = {}) const {
    return error_of(decompressed(Codec::snappy, stream_, limits));
  }

  Bytes stream_;
};

TEST_F(XerialSnappy, BlocksAreJoined) {
  const Bytes in = letters(70'000, 10);
  add_block(ByteSpan(in).first(32'768));
  add_block(ByteSpan(in).subspan(32'768, 32'768));
  add_block(ByteSpan(in).subspan(65'536));
  EXPECT_EQ(decompressed(Codec::snappy, stream_).value(), in);
}

TEST_F(XerialSnappy, LimitHoldsOverAllBlocks) {
  for (int i = 0; i < 4; ++i) add_block(Bytes(1000));
  EXPECT_EQ(verdict(DecompressLimits{4000}), std::nullopt);
  EXPECT_EQ(verdict(DecompressLimits{3999}), Errc::batch_too_large);
}

TEST_F(XerialSnappy, BlockLengthsAreBoundedByWhatIsLeft) {
  for (const int wrong : {-1, 0, 1000}) {
    stream_.resize(16);
    add_length(wrong);
    stream_.resize(60);
    EXPECT_EQ(verdict(), Errc::invalid_batch) << wrong;
  }
}

TEST_F(XerialSnappy, ACutBlockOrLengthIsInvalid) {
  add_block(letters(100, 11));
  stream_.pop_back();
  EXPECT_EQ(verdict(), Errc::invalid_batch);
  stream_.resize(18);
  EXPECT_EQ(verdict(), Errc::invalid_batch);
}

}  // namespace
}  // namespace leat::record
