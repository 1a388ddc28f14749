#include "protocol/record/batch_builder.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "protocol/record/batch_validator.hpp"
#include "sample_batches.hpp"

namespace leat::record {
namespace {

SampleRecord value_of(std::size_t bytes) { return {1, std::nullopt, std::string(bytes, 'v'), {}}; }

/// Letters that no codec here makes smaller.
SampleRecord noise(std::size_t bytes) {
  SeededRandom random(7);
  SampleRecord record = value_of(bytes);
  for (char& c : *record.value) c = static_cast<char>(random.next());
  return record;
}

TEST(BatchBuilder, RandomRecordsReadBackWithEveryCodec) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SeededRandom random(seed);
    const std::vector<SampleRecord> records = random_records(random);
    for (const Codec codec : kCodecs) {
      const Bytes batch = build(codec, records);
      ASSERT_TRUE(validate_for_append(batch, BatchLimits{batch.size()}).has_value()) << "seed " << seed;
      ASSERT_EQ(read_all(batch).value(), records) << name_of(codec) << " seed " << seed;
    }
  }
}

TEST(BatchBuilder, CompressesWithTheCodecAskedFor) {
  for (const Codec codec : kCodecs) {
    const SampleRecord record = value_of(5000);
    const Bytes batch = build(codec, {&record, 1});
    EXPECT_EQ(parse_batch_header(batch)->codec(), codec);
    EXPECT_EQ(batch.size() < 1000, codec != Codec::none) << name_of(codec);
  }
}

TEST(BatchBuilder, WhatDoesNotShrinkStaysUncompressed) {
  const SampleRecord record = noise(5000);
  const Bytes plain = build(Codec::none, {&record, 1});
  for (const Codec codec : kCompressingCodecs) EXPECT_EQ(build(codec, {&record, 1}), plain) << name_of(codec);
}

TEST(BatchBuilder, HeaderCarriesTheProducerAndTheTimes) {
  const BatchHeader header = parse_batch_header(build(Codec::zstd, few_records(), ProducerStamp{ProducerId(9), 2, 77})).value();
  EXPECT_EQ(header.base_offset, Offset(0));
  EXPECT_EQ(header.leader_epoch, -1);
  EXPECT_EQ(header.producer_id, ProducerId(9));
  EXPECT_EQ(header.producer_epoch, 2);
  EXPECT_EQ(header.base_sequence, 77);
  EXPECT_EQ(header.base_timestamp, 1'700'000'000'000);
  EXPECT_EQ(header.max_timestamp, 1'700'000'000'250);
}

TEST(BatchBuilder, WithoutAStampABatchIsNotIdempotent) {
  const BatchHeader header = parse_batch_header(build(Codec::none, few_records())).value();
  EXPECT_EQ(header.producer_id, kNoProducer);
  EXPECT_EQ(header.producer_epoch, -1);
  EXPECT_EQ(header.base_sequence, -1);
}

TEST(BatchBuilder, SizeIsExactBeforeCompression) {
  BatchBuilder builder(BuilderOptions{});
  EXPECT_EQ(builder.size_bytes(), kBatchHeaderBytes);
  for (const SampleRecord& record : few_records()) append(builder, record);
  const std::size_t announced = builder.size_bytes();
  EXPECT_EQ(builder.finish({})->size(), announced);
}

TEST(BatchBuilder, FullBatchRefusesARecordAndKeepsTheRest) {
  BatchBuilder builder(BuilderOptions{Codec::none, 300});
  ASSERT_TRUE(append(builder, value_of(100)));
  ASSERT_TRUE(append(builder, value_of(100)));
  EXPECT_FALSE(append(builder, value_of(100)));
  EXPECT_EQ(builder.record_count(), 2);
  EXPECT_TRUE(append(builder, value_of(1)));
  EXPECT_EQ(read_all(builder.finish({}).value())->size(), 3U);
}

TEST(BatchBuilder, LimitIsInclusive) {
  const SampleRecord records[] = {value_of(100), value_of(100)};
  const std::size_t exact = build(Codec::none, records).size();
  for (const bool fits : {true, false}) {
    BatchBuilder builder(BuilderOptions{Codec::none, fits ? exact : exact - 1});
    append(builder, records[0]);
    EXPECT_EQ(append(builder, records[1]), fits);
  }
}

TEST(BatchBuilder, FirstRecordFitsWhateverItsSizeAndNoOtherThen) {
  BatchBuilder builder(BuilderOptions{Codec::none, 100});
  ASSERT_TRUE(append(builder, value_of(100'000)));
  EXPECT_FALSE(append(builder, value_of(0)));
  EXPECT_EQ(read_all(builder.finish({}).value())->at(0), value_of(100'000));
}

TEST(BatchBuilder, IsEmptyAgainAfterFinishing) {
  for (const Codec codec : kCodecs) {
    BatchBuilder builder(BuilderOptions{codec, 4096});
    for (int round = 0; round < 3; ++round) {
      EXPECT_TRUE(builder.empty());
      append(builder, value_of(static_cast<std::size_t>(500 + round)));
      const Bytes batch = builder.finish({}).value();
      EXPECT_EQ(read_all(batch).value(), std::vector{value_of(static_cast<std::size_t>(500 + round))}) << name_of(codec);
    }
  }
}

TEST(BatchBuilder, ClearedRecordsAreGone) {
  BatchBuilder builder(BuilderOptions{});
  append(builder, value_of(10));
  builder.clear();
  EXPECT_TRUE(builder.empty());
  append(builder, value_of(20));
  EXPECT_EQ(read_all(builder.finish({}).value()).value(), std::vector{value_of(20)});
}

TEST(BatchBuilder, RecycledMemoryIsUsedForTheNextBatch) {
  BatchBuilder builder(BuilderOptions{});
  append(builder, value_of(1000));
  Bytes batch = builder.finish({}).value();
  const std::byte* const memory = batch.data();
  builder.recycle(std::move(batch));
  append(builder, value_of(900));
  const Bytes next = builder.finish({}).value();
  EXPECT_EQ(next.data(), memory);
  EXPECT_EQ(read_all(next).value(), std::vector{value_of(900)});
}

TEST(BatchBuilder, RecycledMemoryMayBeTooSmall) {
  for (const Codec codec : kCodecs) {
    BatchBuilder builder(BuilderOptions{codec});
    append(builder, value_of(10));
    builder.recycle(builder.finish({}).value());
    append(builder, value_of(50'000));
    EXPECT_EQ(read_all(builder.finish({}).value()).value(), std::vector{value_of(50'000)}) << name_of(codec);
  }
}

TEST(BatchBuilder, TimestampsAtBothEndsOfTheRangeReadBack) {
  constexpr auto kMin = std::numeric_limits<TimestampMs>::min();
  constexpr auto kMax = std::numeric_limits<TimestampMs>::max();
  const std::vector<SampleRecord> records{{kMin, {}, "a", {}}, {kMax, {}, "b", {}}, {0, {}, "c", {}}};
  const Bytes batch = build(Codec::none, records);
  EXPECT_EQ(read_all(batch).value(), records);
  EXPECT_EQ(parse_batch_header(batch)->max_timestamp, kMax);
}

TEST(BatchBuilder, NullAndEmptyAreDifferentThings) {
  const std::vector<SampleRecord> records{
      {1, std::nullopt, std::nullopt, {}}, {1, "", "", {{"", ""}, {"", std::nullopt}}}, {1, "", std::nullopt, {}}};
  EXPECT_EQ(read_all(build(Codec::none, records)).value(), records);
}

}  // namespace
}  // namespace leat::record
