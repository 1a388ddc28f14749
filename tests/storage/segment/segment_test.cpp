#include "storage/segment/segment.hpp"

#include <gmock/gmock.h>

#include "protocol/base/endian.hpp"
#include "segment_fixture.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

constexpr std::size_t kUnlimited = 16 << 20;

template <class Disk>
class SegmentTest : public SegmentFixture<Disk> {
 protected:
  void fill(int count, const BatchShape& shape = {}) {
    batches_ = make_batches(this->kBase, count, shape);
    segment_ = this->sealed(batches_);
  }
  std::uint64_t position_of(std::size_t batch) const {
    std::uint64_t position = 0;
    for (std::size_t i = 0; i < batch; ++i) position += batches_[i].size();
    return position;
  }
  Result<ReadBatches> read(Offset from, std::size_t bytes_max = kUnlimited, std::optional<Offset> limit = std::nullopt) {
    return segment_->read(from, limit.value_or(segment_->end().next_offset), bytes_max, ReadMode::blocking, hint_);
  }
  static Bytes bytes_of(const ReadBatches& batches) {
    Bytes bytes;
    for (const SharedBytes& chunk : batches.chunks) bytes.insert(bytes.end(), chunk.span().begin(), chunk.span().end());
    return bytes;
  }
  /// Everything from an offset on, by as many reads as it takes.
  Bytes read_all(Offset from, std::size_t bytes_max) {
    Bytes bytes;
    while (from < segment_->end().next_offset) {
      const ReadBatches batches = read(from, bytes_max).value();
      const Bytes piece = bytes_of(batches);
      EXPECT_EQ(piece.size(), batches.bytes);
      bytes.insert(bytes.end(), piece.begin(), piece.end());
      from = batches.next_offset;
    }
    return bytes;
  }
  /// The entry in the middle, at which every look-up begins.
  void damage_index() {
    const std::size_t entries = contents_of(this->fs(), this->index_path()).size() / kIndexEntryBytes - 1;
    flip_byte(this->fs(), this->index_path(), (1 + entries / 2) * kIndexEntryBytes);
  }
  template <class T>
  void set_field(std::size_t batch, std::size_t field, T value) {
    Bytes bytes(sizeof value);
    store_be(bytes.data(), value);
    overwrite(this->fs(), this->log_path(), position_of(batch) + field, bytes);
  }

  std::vector<Bytes> batches_;
  std::shared_ptr<Segment> segment_;
  ReadHint hint_;
};
TYPED_TEST_SUITE(SegmentTest, Disks, DiskNames);

TYPED_TEST(SegmentTest, ReadsBackWhatWasAppended) {
  this->fill(100, {.records = 3});
  EXPECT_EQ(this->read_all(this->kBase, kUnlimited), joined(this->batches_));
}

TYPED_TEST(SegmentTest, ReadsBackTheSameInSmallPieces) {
  this->fill(50, {.value_bytes = 3000});
  for (const std::size_t bytes_max : {1U, 100U, 5000U, 70'000U}) {
    EXPECT_EQ(this->read_all(this->kBase, bytes_max), joined(this->batches_)) << bytes_max;
  }
}

TYPED_TEST(SegmentTest, ReadsBatchesLargerThanABlock) {
  this->fill(5, {.value_bytes = 300 << 10});
  EXPECT_EQ(this->read_all(this->kBase, 100), joined(this->batches_));
}

TYPED_TEST(SegmentTest, BeginsWithTheBatchThatContainsTheOffset) {
  this->fill(5, {.records = 10});
  const ReadBatches batches = this->read(this->kBase + 23).value();
  EXPECT_EQ(header_of(batches.chunks[0].span()).base_offset, this->kBase + 20);
  EXPECT_EQ(batches.next_offset, this->kBase + 50);
}

TYPED_TEST(SegmentTest, BeginsFarFromAnIndexEntryAsWell) {
  this->fill(2000, {.value_bytes = 200});
  for (const std::int64_t skip : {1, 199, 200, 201, 777, 1999}) {
    const ReadBatches batches = this->read(this->kBase + skip, 1).value();
    EXPECT_EQ(this->bytes_of(batches), this->batches_[static_cast<std::size_t>(skip)]) << skip;
  }
}

TYPED_TEST(SegmentTest, AtLeastOneBatchIsReadWhateverTheLimitOfBytes) {
  this->fill(3);
  EXPECT_EQ(this->bytes_of(this->read(this->kBase, 0).value()), this->batches_[0]);
}

TYPED_TEST(SegmentTest, NoMoreThanTheLimitOfBytesOtherwise) {
  this->fill(10);
  const std::size_t batch_bytes = this->batches_[0].size();
  EXPECT_EQ(this->read(this->kBase, 3 * batch_bytes).value().bytes, 3 * batch_bytes);
  EXPECT_EQ(this->read(this->kBase, 4 * batch_bytes - 1).value().bytes, 3 * batch_bytes);
}

TYPED_TEST(SegmentTest, NothingAtOrBeyondTheLimit) {
  this->fill(10, {.records = 2});
  const ReadBatches batches = this->read(this->kBase, kUnlimited, this->kBase + 6).value();
  EXPECT_EQ(batches.next_offset, this->kBase + 6);
  EXPECT_EQ(batches.bytes, this->position_of(3));
}

TYPED_TEST(SegmentTest, ALimitWithinABatchEndsBeforeIt) {
  this->fill(5, {.records = 10});
  const ReadBatches batches = this->read(this->kBase, kUnlimited, this->kBase + 25).value();
  EXPECT_EQ(batches.next_offset, this->kBase + 20);
  EXPECT_EQ(batches.bytes, this->position_of(2));
}

TYPED_TEST(SegmentTest, ALimitWithinTheFirstBatchReadsNothing) {
  this->fill(5, {.records = 10});
  for (const std::int64_t from : {20, 23}) {
    const ReadBatches batches = this->read(this->kBase + from, kUnlimited, this->kBase + 25).value();
    EXPECT_EQ(batches.next_offset, this->kBase + from);
    EXPECT_TRUE(batches.chunks.empty());
    EXPECT_EQ(batches.bytes, 0U);
  }
}

TYPED_TEST(SegmentTest, TheHintIsWhereTheNextReadGoesOn) {
  this->fill(10);
  const ReadBatches first = this->read(this->kBase, 1).value();
  EXPECT_EQ(this->hint_.segment_base, this->kBase);
  EXPECT_EQ(this->hint_.offset, first.next_offset);
  EXPECT_EQ(this->hint_.position, this->position_of(1));
}

TYPED_TEST(SegmentTest, AHintForAnotherPlaceIsNotUsed) {
  this->fill(10);
  this->hint_ = {Offset(0), this->kBase + 5, 12345};
  EXPECT_EQ(this->bytes_of(this->read(this->kBase + 5, 1).value()), this->batches_[5]);
  this->hint_ = {this->kBase, this->kBase + 6, 12345};
  EXPECT_EQ(this->bytes_of(this->read(this->kBase + 5, 1).value()), this->batches_[5]);
}

TYPED_TEST(SegmentTest, ReadsWithoutAnIndex) {
  this->fill(20, kLargeBatch);
  this->fs().remove_file(this->index_path()).value();
  this->segment_ = this->reopened(this->segment_->end());
  EXPECT_EQ(this->bytes_of(this->read(this->kBase + 19, 1).value()), this->batches_[19]);
}

TYPED_TEST(SegmentTest, ReadsWithADamagedIndex) {
  this->fill(20, kLargeBatch);
  const std::size_t index_bytes = contents_of(this->fs(), this->index_path()).size();
  for (std::uint64_t at = 0; at < index_bytes; at += 12) flip_byte(this->fs(), this->index_path(), at);
  this->segment_ = this->reopened(this->segment_->end());
  EXPECT_EQ(this->bytes_of(this->read(this->kBase + 19, 1).value()), this->batches_[19]);
}

TYPED_TEST(SegmentTest, ADamagedIndexEntryIsMadeAnewFromTheSegment) {
  this->fill(20, kLargeBatch);
  const Bytes index = contents_of(this->fs(), this->index_path());
  this->damage_index();
  this->segment_ = this->reopened(this->segment_->end());
  EXPECT_EQ(this->bytes_of(this->read(this->kBase + 19, 1).value()), this->batches_[19]);
  EXPECT_EQ(contents_of(this->fs(), this->index_path()), index);
}

TYPED_TEST(SegmentTest, ALookUpByTimeMendsTheIndexToo) {
  this->fill(20, kLargeBatch);
  const Bytes index = contents_of(this->fs(), this->index_path());
  this->damage_index();
  this->segment_ = this->reopened(this->segment_->end());
  EXPECT_EQ(this->segment_->offset_before_time(1).value(), this->kBase);
  EXPECT_EQ(contents_of(this->fs(), this->index_path()), index);
}

TYPED_TEST(SegmentTest, AnIndexIsLeftAsItIsWhenTheSegmentIsDamagedToo) {
  this->fill(20, kLargeBatch);
  flip_byte(this->fs(), this->log_path(), this->position_of(1) - 1);
  this->damage_index();
  const Bytes damaged = contents_of(this->fs(), this->index_path());
  this->segment_ = this->reopened(this->segment_->end());
  EXPECT_EQ(this->bytes_of(this->read(this->kBase + 19, 1).value()), this->batches_[19]);
  EXPECT_EQ(contents_of(this->fs(), this->index_path()), damaged);
}

TYPED_TEST(SegmentTest, TheMemoryOfAReadOutlivesTheSegment) {
  this->fill(3);
  const ReadBatches batches = this->read(this->kBase).value();
  this->segment_.reset();
  EXPECT_EQ(this->bytes_of(batches), joined(this->batches_));
}

TYPED_TEST(SegmentTest, ADamagedHeaderIsCorruptionThatNamesFileAndByte) {
  this->fill(10);
  this->set_field(4, record::field::kMagic, std::int8_t{9});
  const auto result = this->read(this->kBase + 4);
  EXPECT_EQ(error_of(result), Errc::corruption);
  EXPECT_THAT(message_of(result), HasSubstr("00000000000000001000.log at byte " + std::to_string(this->position_of(4)) + ":"));
}

TYPED_TEST(SegmentTest, ADamagedHeaderOnTheWayIsNamedToo) {
  this->fill(10);
  this->set_field(4, record::field::kMagic, std::int8_t{9});
  EXPECT_THAT(message_of(this->read(this->kBase + 7)), HasSubstr("at byte " + std::to_string(this->position_of(4)) + ":"));
}

TYPED_TEST(SegmentTest, WhatLiesBeforeTheDamageIsRead) {
  this->fill(10);
  this->set_field(4, record::field::kMagic, std::int8_t{9});
  const ReadBatches batches = this->read(this->kBase).value();
  EXPECT_EQ(batches.next_offset, this->kBase + 4);
  EXPECT_EQ(batches.bytes, this->position_of(4));
}

TYPED_TEST(SegmentTest, ABatchWithAnotherOffsetIsCorruption) {
  this->fill(10);
  for (const std::int64_t wrong : {1000, 1003, 1005, 1008, 9'000'000}) {
    this->set_field(4, record::field::kBaseOffset, wrong);
    this->hint_ = {};
    EXPECT_EQ(this->read(this->kBase).value().next_offset, this->kBase + 4) << wrong;
    EXPECT_EQ(error_of(this->read(this->kBase + 4)), Errc::corruption) << wrong;
    this->hint_ = {};
    EXPECT_EQ(error_of(this->read(this->kBase + 4)), Errc::corruption) << wrong;
  }
}

TYPED_TEST(SegmentTest, ABatchWithOffsetsBeyondTheSegmentIsCorruption) {
  this->fill(10);
  this->set_field(4, record::field::kLastOffsetDelta, std::int32_t{6});
  EXPECT_EQ(this->read(this->kBase).value().next_offset, this->kBase + 4);
  EXPECT_EQ(error_of(this->read(this->kBase + 4)), Errc::corruption);
}

TYPED_TEST(SegmentTest, ABatchLongerThanTheSegmentIsCorruption) {
  this->fill(10);
  this->set_field(4, record::field::kBatchLength, std::int32_t{1 << 30});
  EXPECT_THAT(message_of(this->read(this->kBase + 4)), HasSubstr("batch longer than the segment"));
}

TYPED_TEST(SegmentTest, AFileThatEndsBeforeTheSegmentIsCorruption) {
  this->fill(10);
  cut(this->fs(), this->log_path(), this->position_of(9));
  EXPECT_EQ(error_of(this->read(this->kBase + 9)), Errc::corruption);
  EXPECT_THAT(message_of(this->read(this->kBase + 9)), HasSubstr("at byte " + std::to_string(this->position_of(9)) + ":"));
}

TYPED_TEST(SegmentTest, AMissingFileIsAnError) {
  this->fill(3);
  this->fs().remove_file(this->log_path()).value();
  this->segment_ = this->reopened(this->segment_->end());
  EXPECT_EQ(error_of(this->read(this->kBase)), Errc::io_error);
}

TYPED_TEST(SegmentTest, ATimeIsFoundNoFurtherThanAnEntryAway) {
  std::vector<Bytes> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(make_batch(this->kBase + i, {.value_bytes = 40 << 10, .timestamp = 100 * i}));
  const auto segment = this->sealed(batches);
  for (int i = 0; i < 20; ++i) {
    const Offset found = segment->offset_before_time(100 * i).value();
    EXPECT_LE(found, this->kBase + i);
    EXPECT_GE(found, this->kBase + i - 2);
  }
}

/// A disk on which nothing that is open blocks.
class SegmentWithoutWaiting : public SegmentTest<FakeDisk> {
 protected:
  void reopen() {
    segment_ = reopened(segment_->end());
    hint_ = {};
  }
  Result<ReadBatches> read_cached(std::int64_t from) {
    return segment_->read(kBase + from, kBase + 20, 1, ReadMode::cached_only, hint_);
  }
};

TEST_F(SegmentWithoutWaiting, OnlyOpenFilesAreRead) {
  fill(20, kLargeBatch);
  reopen();
  EXPECT_EQ(error_of(read_cached(0)), Errc::would_block);
  EXPECT_EQ(error_of(read_cached(19)), Errc::would_block);
  read(kBase + 19, 1).value();
  hint_ = {};
  EXPECT_EQ(bytes_of(read_cached(19).value()), batches_[19]);
}

TEST_F(SegmentWithoutWaiting, ASegmentsBeginningNeedsNoIndex) {
  fill(20, kLargeBatch);
  reopen();
  segment_->file().open().value();
  EXPECT_EQ(bytes_of(read_cached(0).value()), batches_[0]);
}

TEST_F(SegmentWithoutWaiting, AnIndexIsNotRebuilt) {
  fill(20, kLargeBatch);
  damage_index();
  reopen();
  segment_->file().open().value();
  segment_->index().at_or_before(kBase + 19).value();
  EXPECT_EQ(error_of(read_cached(19)), Errc::would_block);
  read(kBase + 19, 1).value();
  hint_ = {};
  EXPECT_EQ(bytes_of(read_cached(19).value()), batches_[19]);
}

TEST(SegmentFileName, HasTwentyDigits) {
  EXPECT_EQ(segment_file_name(Offset(1234)), "00000000000000001234.log");
  EXPECT_EQ(index_file_name(Offset(1234)), "00000000000000001234.index");
  EXPECT_EQ(segment_file_name(Offset(INT64_MAX)), "09223372036854775807.log");
}

TEST(SegmentFileName, GivesItsOffsetBack) {
  EXPECT_EQ(parse_segment_file_name("00000000000000001234.log"), Offset(1234));
  EXPECT_EQ(parse_segment_file_name(segment_file_name(Offset(INT64_MAX))), Offset(INT64_MAX));
}

TEST(SegmentFileName, AnyOtherNameIsNone) {
  for (const char* name :
       {"", ".log", "1234.log", "00000000000000001234.index", "0000000000000000123x.log", "00000000000000001234.log.tmp",
        "-0000000000000001234.log", "99999999999999999999.log", "000000000000000001234.log"}) {
    EXPECT_EQ(parse_segment_file_name(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace leat::storage
