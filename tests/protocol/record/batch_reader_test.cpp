#include "protocol/record/batch_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "sample_batches.hpp"

namespace leat::record {
namespace {

static_assert(std::forward_iterator<HeaderRange::Iterator>);

/// A record's encoding with its length in front; varints of one byte are written as they stand on the wire (zigzag).
Bytes record_of(std::initializer_list<int> body) {
  Bytes bytes = bytes_of({static_cast<int>(body.size() * 2)});
  const Bytes rest = bytes_of(body);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

constexpr int kNull = 1;      // zigzag of -1
constexpr int kMinusTwo = 3;  // zigzag of -2
constexpr int kOne = 2;       // zigzag of 1

/// Of a record alone and with a good one behind it, which decides how it is decoded and must decide nothing else.
std::optional<Errc> verdict(std::initializer_list<int> body) {
  Bytes records = record_of(body);
  const auto alone = error_of(read_all(wrap(Codec::none, 1, records)));
  const Bytes good = record_of({0, 0, kOne, kNull, kNull, 0});
  records.insert(records.end(), good.begin(), good.end());
  EXPECT_EQ(error_of(read_all(wrap(Codec::none, 2, records))), alone);
  return alone;
}

TEST(BatchReader, OffsetsAndTimestampsAreRelativeToTheHeader) {
  Bytes batch = build(Codec::none, few_records());
  patch_base_offset(batch, Offset(500), 0);
  BatchReader reader = BatchReader::open(batch, {}).value();
  EXPECT_EQ(reader.header().base_offset, Offset(500));
  for (const std::int64_t offset : {500, 501, 502}) EXPECT_EQ(reader.next().value()->offset, Offset(offset));
  EXPECT_FALSE(reader.next()->has_value());
  EXPECT_FALSE(reader.next()->has_value());
}

TEST(BatchReader, LogAppendTimeGivesEveryRecordTheBatchsTime) {
  Bytes batch = build(Codec::none, few_records());
  set_field(batch, field::kMaxTimestamp, std::int64_t{1'800'000'000'000});
  set_field(batch, field::kAttributes, attribute::kLogAppendTime);
  const auto records = read_all(batch);
  ASSERT_EQ(records->size(), 3U);
  for (const SampleRecord& record : *records) EXPECT_EQ(record.timestamp, 1'800'000'000'000);
}

TEST(BatchReader, ViewsOfAnUncompressedBatchPointIntoIt) {
  const Bytes batch = build(Codec::none, few_records());
  BatchReader reader = BatchReader::open(batch, {}).value();
  const ByteSpan key = *reader.next().value()->key;
  EXPECT_GE(key.data(), batch.data());
  EXPECT_LT(key.data(), batch.data() + batch.size());
}

TEST(BatchReader, ViewsSurviveMovingTheReader) {
  const Bytes batch = build(Codec::zstd, few_records());
  BatchReader reader = BatchReader::open(batch, {}).value();
  const RecordView first = *reader.next().value();
  BatchReader moved = std::move(reader);
  EXPECT_EQ(as_text(*first.key), "order-1");
  EXPECT_EQ(moved.next().value()->offset, Offset(1));
}

TEST(BatchReader, BufferIsHandedFromOneReaderToTheNext) {
  const Bytes batch = build(Codec::lz4, few_records());
  Bytes buffer = std::move(BatchReader::open(batch, {}).value()).take_buffer();
  const std::byte* const memory = buffer.data();
  EXPECT_EQ(std::move(BatchReader::open(batch, {}, std::move(buffer)).value()).take_buffer().data(), memory);
}

TEST(BatchReader, HeadersCanBeWalkedMoreThanOnce) {
  const Bytes batch = build(Codec::none, few_records());
  BatchReader reader = BatchReader::open(batch, {}).value();
  const HeaderRange headers = reader.next().value()->headers;
  EXPECT_EQ(headers.size(), 2U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(std::distance(headers.begin(), headers.end()), 2);
    EXPECT_EQ(headers.begin()->name, "source");
    EXPECT_FALSE(std::next(headers.begin())->value.has_value());
  }
}

TEST(BatchReader, OffsetsMayHaveGapsAsCompactionLeavesThem) {
  Bytes records = record_of({0, 0, 2, kNull, kNull, 0});
  const Bytes second = record_of({0, 0, 8, kNull, kNull, 0});
  records.insert(records.end(), second.begin(), second.end());
  Bytes batch = wrap(Codec::none, 2, records);
  set_field(batch, field::kLastOffsetDelta, std::int32_t{9});
  BatchReader reader = BatchReader::open(batch, {}).value();
  EXPECT_EQ(reader.next().value()->offset, Offset(1));
  EXPECT_EQ(reader.next().value()->offset, Offset(4));
  EXPECT_FALSE(reader.next()->has_value());
}

TEST(BatchReader, AnEmptiedBatchHasNoRecordsWhateverItsCodec) {
  for (const Codec codec : kCodecs) EXPECT_TRUE(read_all(wrap(codec, 0, {}))->empty()) << name_of(codec);
}

TEST(BatchReader, RefusesWhatIsNotExactlyOneBatch) {
  Bytes batch = build(Codec::none, few_records());
  EXPECT_EQ(error_of(BatchReader::open(ByteSpan(batch).first(batch.size() - 1), {})), Errc::invalid_batch);
  batch.push_back(std::byte{0});
  EXPECT_EQ(error_of(BatchReader::open(batch, {})), Errc::invalid_batch);
}

TEST(BatchReader, CountIsCheckedAgainstTheContents) {
  for (const Codec codec : kCodecs) {
    for (const std::int32_t wrong : {0, 2, 4}) {
      Bytes batch = build(codec, few_records());
      set_field(batch, field::kLastOffsetDelta, std::int32_t{5});
      set_field(batch, field::kRecordCount, wrong);
      EXPECT_EQ(error_of(read_all(batch)), Errc::invalid_batch) << name_of(codec) << ' ' << wrong;
    }
  }
}

TEST(BatchReader, ADeclaredCountBeyondTheBytesIsRefusedOnOpening) {
  for (const Codec codec : kCodecs) {
    Bytes batch = build(codec, few_records());
    set_field(batch, field::kRecordCount, std::numeric_limits<std::int32_t>::max());
    EXPECT_EQ(error_of(BatchReader::open(batch, {})), Errc::invalid_batch) << name_of(codec);
  }
}

TEST(BatchReader, ReadingAllAtOnceAppendsWhatIsLeftFromAnOffsetOn) {
  Bytes batch = build(Codec::none, few_records());
  patch_base_offset(batch, Offset(500), 0);
  BatchReader reader = BatchReader::open(batch, {}).value();
  std::vector<RecordView> records(1);
  (void)reader.next().value();
  reader.read_all(Offset(502), records).value();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].offset, Offset(502));
  EXPECT_FALSE(reader.next()->has_value());
}

TEST(BatchReader, ErrorsStay) {
  Bytes records = record_of({0, 0, 0, kNull, kNull, 0});
  records.push_back(std::byte{1});
  const Bytes batch = wrap(Codec::none, 1, records);
  BatchReader reader = BatchReader::open(batch, {}).value();
  EXPECT_TRUE(reader.next()->has_value());
  EXPECT_EQ(error_of(reader.next()), Errc::invalid_batch);
  EXPECT_EQ(error_of(reader.next()), Errc::invalid_batch);
}

TEST(BatchReader, ReadsTheSmallestRecord) { EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, 0}), std::nullopt); }

TEST(BatchReader, EveryLengthIsBoundedByWhatIsLeft) {
  EXPECT_EQ(verdict({0, 0, 0, 10, 'k', kNull, 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, 10, 'v', 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, kOne, 10, 'n'}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, kOne, kOne, 'n', 10, 'v'}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, kNull, 0}), Errc::invalid_batch);
}

TEST(BatchReader, LengthsBelowNullAreInvalid) {
  EXPECT_EQ(verdict({0, 0, 0, kMinusTwo, kNull, 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kMinusTwo, 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, kNull}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, kOne, kNull, kNull}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, kOne, 0, kMinusTwo}), Errc::invalid_batch);
}

TEST(BatchReader, ARecordEndsWhereItsLengthSays) {
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, 0, 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull}), Errc::invalid_batch);
  EXPECT_EQ(error_of(read_all(wrap(Codec::none, 1, bytes_of({0x0e, 0, 0, 0, 1, 1, 0})))), Errc::invalid_batch);
  EXPECT_EQ(error_of(read_all(wrap(Codec::none, 1, bytes_of({0x0b, 0, 0, 0, 1, 1, 0})))), Errc::invalid_batch);
}

TEST(BatchReader, AHundredMillionDeclaredHeadersAreRefusedWithoutMemoryForThem) {
  EXPECT_EQ(verdict({0, 0, 0, kNull, kNull, 0x80, 0x84, 0xaf, 0x5f, 0, 1}), Errc::invalid_batch);
}

TEST(BatchReader, OffsetsMustAscendWithinTheBatch) {
  EXPECT_EQ(verdict({0, 0, kNull, kNull, kNull, 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0, kOne, kNull, kNull, 0}), Errc::invalid_batch);
  Bytes twice = record_of({0, 0, 0, kNull, kNull, 0});
  twice.insert(twice.end(), twice.begin(), twice.begin() + 7);
  EXPECT_EQ(error_of(read_all(wrap(Codec::none, 2, twice))), Errc::invalid_batch);
}

TEST(BatchReader, LongerVarintsThanNeededAreRead) {
  const Bytes batch = wrap(Codec::none, 1, record_of({0, 0x80, 0x00, 0x80, 0x00, 0x82, 0x80, 0x00, 'k', kNull, 0x80, 0x00}));
  EXPECT_EQ(read_all(batch)->at(0).key, "k");
}

TEST(BatchReader, VarintsBeyondTheirTypeAreInvalid) {
  EXPECT_EQ(verdict({0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, kNull, kNull, 0}), Errc::invalid_batch);
  EXPECT_EQ(verdict({0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, kNull, kNull, 0}), Errc::invalid_batch);
}

TEST(BatchReader, RecordsBeyondTheLimitAreRefused) {
  const SampleRecord record{1, {}, std::string(100'000, 'v'), {}};
  for (const Codec codec : kCompressingCodecs) {
    EXPECT_EQ(error_of(read_all(build(codec, {&record, 1}), DecompressLimits{50'000})), Errc::batch_too_large) << name_of(codec);
  }
}

// What a broken or hostile producer can put behind a right checksum: any outcome but a crash, an endless loop or more records
// than the header says.
TEST(BatchReader, AnyChangedByteOrLengthEndsInRecordsOrAnError) {
  for (const Codec codec : kCodecs) {
    const Bytes batch = build(codec, few_records());
    for (std::size_t at = 0; at < batch.size(); ++at) {
      for (const int mask : {0x01, 0x02, 0x10, 0x80, 0xff}) {
        Bytes changed = batch;
        changed[at] ^= static_cast<std::byte>(mask);
        const auto records = read_all(changed, DecompressLimits{1 << 20});
        ASSERT_TRUE(records.has_error() ||
                    static_cast<std::int32_t>(records->size()) == parse_batch_header(changed)->record_count);
      }
      if (at >= kBatchHeaderBytes) {
        const auto cut = read_all(wrap(codec, 3, ByteSpan(batch).subspan(kBatchHeaderBytes, at - kBatchHeaderBytes)));
        ASSERT_EQ(error_of(cut), Errc::invalid_batch) << name_of(codec) << " cut at " << at;
      }
    }
  }
}

TEST(BatchReader, RandomBytesAsRecordsEndInRecordsOrAnError) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SeededRandom random(seed);
    Bytes noise(random.next() % 120);
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::byte>(random.next() % 16); });
    const Codec codec = kCodecs[random.next() % std::size(kCodecs)];
    const auto records = read_all(wrap(codec, 2, noise), DecompressLimits{1 << 20});
    ASSERT_TRUE(records.has_error() || records->size() == 2U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace leat::record
