#include "protocol/record/batch_validator.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "sample_batches.hpp"

namespace leat::record {
namespace {

constexpr BatchLimits kRoomy{std::size_t{1} << 20};

std::optional<Errc> verdict(ByteSpan batch, const BatchLimits& limits = kRoomy) {
  return error_of(validate_for_append(batch, limits));
}

class ValidateForAppend : public ::testing::Test {
 protected:
  template <class T>
  std::optional<Errc> verdict_with(std::size_t at, T value) const {
    Bytes changed = batch_;
    set_field(changed, at, value);
    return verdict(changed);
  }

  Bytes batch_ = build(Codec::none, few_records(), ProducerStamp{ProducerId(4711), 3, 42});
};

TEST_F(ValidateForAppend, AcceptsWhatTheBuilderBuilds) {
  for (const Codec codec : kCodecs) {
    const Bytes batch = build(codec, few_records());
    EXPECT_EQ(validate_for_append(batch, kRoomy)->batch_bytes, batch.size()) << name_of(codec);
  }
}

TEST_F(ValidateForAppend, WantsExactlyOneWholeBatch) {
  for (std::size_t length = 0; length < batch_.size(); ++length) {
    const Bytes cut(batch_.begin(), batch_.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(verdict(cut), Errc::invalid_batch) << length;
  }
  Bytes longer = batch_;
  longer.push_back(std::byte{0});
  EXPECT_EQ(verdict(longer), Errc::invalid_batch);
  longer.insert(longer.end(), batch_.begin(), batch_.end());
  EXPECT_EQ(verdict(longer), Errc::invalid_batch);
}

TEST_F(ValidateForAppend, SizeLimitIsInclusive) {
  EXPECT_EQ(verdict(batch_, BatchLimits{batch_.size()}), std::nullopt);
  EXPECT_EQ(verdict(batch_, BatchLimits{batch_.size() - 1}), Errc::batch_too_large);
}

TEST_F(ValidateForAppend, DetectsEveryFlippedBitThatTheBrokerDoesNotOverwrite) {
  for (const Codec codec : kCodecs) {
    const Bytes batch = build(codec, few_records());
    for (std::size_t bit = 0; bit < batch.size() * 8; ++bit) {
      Bytes flipped = batch;
      flipped[bit / 8] ^= std::byte{1} << (bit % 8);
      const bool patched_by_the_broker =
          bit / 8 < field::kBatchLength || (bit / 8 >= field::kLeaderEpoch && bit / 8 < field::kMagic);
      const bool negative_base = bit == 7;
      EXPECT_EQ(verdict(flipped).has_value(), !patched_by_the_broker || negative_base) << name_of(codec) << " bit " << bit;
    }
  }
}

TEST_F(ValidateForAppend, WrongChecksumIsCorruptionNotForm) {
  batch_.back() ^= std::byte{1};
  EXPECT_EQ(verdict(batch_), Errc::corrupt_batch);
  EXPECT_EQ(error_of(check_crc(batch_)), Errc::corrupt_batch);
  fix_crc(batch_);
  EXPECT_EQ(error_of(check_crc(batch_)), std::nullopt);
}

TEST_F(ValidateForAppend, OffsetAndEpochAreOutsideTheChecksum) {
  patch_base_offset(batch_, Offset(123456789), 9);
  EXPECT_EQ(error_of(check_crc(batch_)), std::nullopt);
}

TEST_F(ValidateForAppend, ChecksumOfLessThanAHeaderIsInvalid) {
  EXPECT_EQ(error_of(check_crc(ByteSpan(batch_).first(60))), Errc::invalid_batch);
  EXPECT_EQ(error_of(check_crc({})), Errc::invalid_batch);
}

TEST_F(ValidateForAppend, CountAndDeltaMustAgree) {
  EXPECT_EQ(verdict_with(field::kRecordCount, std::int32_t{2}), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kRecordCount, std::int32_t{4}), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kLastOffsetDelta, std::int32_t{3}), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kLastOffsetDelta, std::numeric_limits<std::int32_t>::max()), Errc::invalid_batch);
}

TEST_F(ValidateForAppend, ABatchWithoutRecordsIsRefused) {
  EXPECT_EQ(verdict(wrap(Codec::none, 0, {})), Errc::invalid_batch);
  EXPECT_EQ(verdict(wrap(Codec::zstd, 0, {})), Errc::invalid_batch);
  EXPECT_EQ(verdict(wrap(Codec::zstd, 1, {})), Errc::invalid_batch);
}

TEST_F(ValidateForAppend, MoreRecordsThanTheBytesCouldHoldAreRefused) {
  const Bytes records(7 * 10);
  EXPECT_EQ(verdict(wrap(Codec::none, 10, records)), std::nullopt);
  EXPECT_EQ(verdict(wrap(Codec::none, 11, records)), Errc::invalid_batch);
  EXPECT_EQ(verdict(wrap(Codec::none, std::numeric_limits<std::int32_t>::max(), records)), Errc::invalid_batch);
}

TEST_F(ValidateForAppend, WhatOnlyABrokerWritesIsRefused) {
  EXPECT_EQ(verdict_with(field::kAttributes, attribute::kControl), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kAttributes, attribute::kTransactional), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kAttributes, attribute::kLogAppendTime), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kAttributes, attribute::kDeleteHorizon), Errc::invalid_batch);
}

TEST_F(ValidateForAppend, UnknownAttributesAndCodecsAreRefused) {
  for (int bit = 7; bit < 16; ++bit) {
    EXPECT_EQ(verdict_with(field::kAttributes, static_cast<std::int16_t>(1 << bit)), Errc::invalid_batch) << bit;
  }
  for (std::int16_t codec = 5; codec < 8; ++codec) {
    EXPECT_EQ(verdict_with(field::kAttributes, codec), Errc::invalid_batch) << codec;
  }
}

TEST_F(ValidateForAppend, AnIdempotentProducerHasEpochAndSequence) {
  EXPECT_EQ(verdict(batch_), std::nullopt);
  EXPECT_EQ(verdict_with(field::kBaseSequence, std::int32_t{-1}), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kProducerEpoch, std::int16_t{-1}), Errc::invalid_batch);
  EXPECT_EQ(verdict_with(field::kProducerId, std::int64_t{-2}), Errc::invalid_batch);
}

// KafkaJS sends these with the id -1.
TEST_F(ValidateForAppend, WithoutAProducerIdEpochAndSequenceMeanNothing) {
  EXPECT_EQ(verdict(build(Codec::none, few_records(), ProducerStamp{kNoProducer, 0, 0})), std::nullopt);
}

}  // namespace
}  // namespace leat::record
