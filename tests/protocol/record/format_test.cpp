#include "protocol/record/format.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "sample_batches.hpp"

namespace leat::record {
namespace {

class BatchHeaderParsing : public ::testing::Test {
 protected:
  template <class T>
  std::optional<Errc> error_with(std::size_t at, T value) const {
    Bytes changed = batch_;
    store_be(changed.data() + at, value);
    return error_of(parse_batch_header(changed));
  }

  Bytes batch_ = build(Codec::none, few_records(), ProducerStamp{ProducerId(4711), 3, 42});
};

TEST_F(BatchHeaderParsing, DecodesEveryField) {
  patch_base_offset(batch_, Offset(1000), 7);
  const BatchHeader header = parse_batch_header(batch_).value();
  EXPECT_EQ(header.base_offset, Offset(1000));
  EXPECT_EQ(header.batch_bytes, batch_.size());
  EXPECT_EQ(header.leader_epoch, 7);
  EXPECT_EQ(header.magic, 2);
  EXPECT_EQ(header.crc, load_be<std::uint32_t>(batch_.data() + 17));
  EXPECT_EQ(header.attributes, 0);
  EXPECT_EQ(header.last_offset_delta, 2);
  EXPECT_EQ(header.base_timestamp, 1'700'000'000'000);
  EXPECT_EQ(header.max_timestamp, 1'700'000'000'250);
  EXPECT_EQ(header.producer_id, ProducerId(4711));
  EXPECT_EQ(header.producer_epoch, 3);
  EXPECT_EQ(header.base_sequence, 42);
  EXPECT_EQ(header.record_count, 3);
}

TEST_F(BatchHeaderParsing, OffsetsAndSequencesFollowFromTheDelta) {
  patch_base_offset(batch_, Offset(1000), 0);
  const BatchHeader header = parse_batch_header(batch_).value();
  EXPECT_EQ(header.last_offset(), Offset(1002));
  EXPECT_EQ(header.next_offset(), Offset(1003));
  EXPECT_EQ(header.last_sequence(), 44);
}

TEST_F(BatchHeaderParsing, EveryCutHeaderIsInvalid) {
  for (std::size_t length = 0; length < kBatchHeaderBytes; ++length) {
    const Bytes cut(batch_.begin(), batch_.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(error_of(parse_batch_header(cut)), Errc::invalid_batch) << length;
  }
  EXPECT_TRUE(parse_batch_header(ByteSpan(batch_).first(kBatchHeaderBytes)).has_value());
}

TEST_F(BatchHeaderParsing, FieldsThatNoBatchHasAreInvalid) {
  EXPECT_EQ(error_with(field::kMagic, std::int8_t{1}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kMagic, std::int8_t{3}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kBatchLength, std::int32_t{48}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kBatchLength, std::int32_t{-1}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kLastOffsetDelta, std::int32_t{-1}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kRecordCount, std::int32_t{-1}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kAttributes, std::int16_t{5}), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kBaseOffset, std::int64_t{-1}), Errc::invalid_batch);
}

TEST_F(BatchHeaderParsing, OffsetsStayWithin63Bits) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(error_with(field::kBaseOffset, kMax - 2), Errc::invalid_batch);
  EXPECT_EQ(error_with(field::kBaseOffset, kMax - 3), std::nullopt);
}

TEST_F(BatchHeaderParsing, TheLargestLengthDoesNotOverflow) {
  store_be(batch_.data() + field::kBatchLength, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(parse_batch_header(batch_)->batch_bytes, 12U + 2147483647U);
}

TEST(BatchHeader, SequencesWrapToZero) {
  BatchHeader header;
  header.base_sequence = std::numeric_limits<std::int32_t>::max() - 1;
  header.last_offset_delta = 1;
  EXPECT_EQ(header.last_sequence(), std::numeric_limits<std::int32_t>::max());
  header.last_offset_delta = 2;
  EXPECT_EQ(header.last_sequence(), 0);
  header.last_offset_delta = 5;
  EXPECT_EQ(header.last_sequence(), 3);
}

TEST(BatchHeader, WithoutABaseSequenceThereIsNoLastOne) {
  BatchHeader header;
  header.last_offset_delta = 5;
  EXPECT_EQ(header.last_sequence(), -1);
}

TEST(BatchHeader, AttributesAreReadBitByBit) {
  BatchHeader header;
  header.attributes = 0x04 | 0x08;
  EXPECT_EQ(header.codec(), Codec::zstd);
  EXPECT_TRUE(header.uses_log_append_time());
  EXPECT_FALSE(header.is_transactional());
  EXPECT_FALSE(header.is_control());
  header.attributes = 0x10 | 0x20;
  EXPECT_EQ(header.codec(), Codec::none);
  EXPECT_FALSE(header.uses_log_append_time());
  EXPECT_TRUE(header.is_transactional());
  EXPECT_TRUE(header.is_control());
}

TEST(Codec, NamesReadBack) {
  for (const Codec codec : kCodecs) EXPECT_EQ(codec_named(name_of(codec)), codec);
  EXPECT_EQ(name_of(Codec::zstd), "zstd");
  EXPECT_EQ(codec_named("brotli"), std::nullopt);
  EXPECT_EQ(codec_named(""), std::nullopt);
}

}  // namespace
}  // namespace leat::record
