#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "protocol/record/format.hpp"
#include "segment_fixture.hpp"
#include "storage/io/file_range.hpp"
#include "storage/segment/segment.hpp"

namespace leat::storage {
namespace {

/// Two batches of `kLargeBatch` lie between two entries of the index.
constexpr std::size_t kEntryBytes = 81 << 10;

class SegmentLocateTest : public SegmentFixture<RealDisk> {
 protected:
  void SetUp() override {
    if (!tells_cached()) GTEST_SKIP() << "this kernel does not tell what is cached";
  }
  /// A sealed segment, of which the first batch has been read.
  void fill(int count) {
    batches_ = make_batches(kBase, count, kLargeBatch);
    segment_ = sealed(batches_);
    read_first();
  }
  void read_first() {
    next_ = segment_->read(kBase, segment_->end().next_offset, 1, ReadMode::blocking, hint_).value().next_offset;
    ASSERT_EQ(next_, kBase + 1);
  }
  std::optional<ReadBatches> locate(std::size_t bytes_max, std::optional<Offset> limit = std::nullopt) {
    auto located = segment_->locate(next_, limit.value_or(segment_->end().next_offset), bytes_max, hint_);
    if (located) next_ = located->next_offset;
    return located;
  }
  static Bytes bytes_of(const ReadBatches& batches) {
    Bytes bytes(batches.in_file->bytes);
    const auto at = static_cast<off_t>(batches.in_file->position);
    EXPECT_EQ(::pread(batches.in_file->file->get(), bytes.data(), bytes.size(), at), static_cast<ssize_t>(bytes.size()));
    return bytes;
  }
  Bytes locate_all(std::size_t bytes_max, std::optional<Offset> limit = std::nullopt) {
    Bytes bytes;
    while (const auto located = locate(bytes_max, limit)) {
      const Bytes piece = bytes_of(*located);
      EXPECT_EQ(piece.size(), located->bytes);
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
    return bytes;
  }
  [[nodiscard]] Bytes batches_from(std::size_t first, std::size_t end) const {
    const auto begin = batches_.begin();
    return joined({begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end)});
  }

  std::vector<Bytes> batches_;
  std::shared_ptr<Segment> segment_;
  ReadHint hint_;
  Offset next_;
};

TEST_F(SegmentLocateTest, GoesOnToTheEndFromWhereAReadEnded) {
  fill(40);
  EXPECT_EQ(locate_all(256 << 10), batches_from(1, 40));
  EXPECT_EQ(next_, segment_->end().next_offset);
}

TEST_F(SegmentLocateTest, NothingWhenNoEntryOfTheIndexIsAsNear) {
  fill(40);
  ASSERT_TRUE(locate(kEntryBytes / 4)) << "one batch, to the first entry";
  EXPECT_FALSE(locate(kEntryBytes / 4));
  const Bytes rest = batches_from(static_cast<std::size_t>(next_ - kBase), 40);
  EXPECT_EQ(locate_all(kEntryBytes), rest);
}

TEST_F(SegmentLocateTest, ABatchIsGivenWhateverItsSize) {
  batches_ = make_batches(kBase, 10, {.value_bytes = 100 << 10});
  segment_ = sealed(batches_);
  read_first();
  EXPECT_EQ(locate_all(1), batches_from(1, 10));
}

TEST_F(SegmentLocateTest, NoFurtherThanTheLimitOfBytes) {
  fill(40);
  while (const auto located = locate(200 << 10)) EXPECT_LE(located->bytes, 200U << 10);
  EXPECT_EQ(next_, segment_->end().next_offset);
}

TEST_F(SegmentLocateTest, NoFurtherThanTheLimitOfOffsets) {
  fill(40);
  const Bytes located = locate_all(256 << 10, kBase + 25);
  EXPECT_LE(next_, kBase + 25);
  EXPECT_GE(next_, kBase + 23);
  EXPECT_EQ(located, batches_from(1, static_cast<std::size_t>(next_ - kBase)));
}

TEST_F(SegmentLocateTest, ReadsInBetweenDoNotMatter) {
  fill(40);
  Bytes bytes;
  while (next_ < segment_->end().next_offset) {
    const ReadBatches read = segment_->read(next_, segment_->end().next_offset, 1, ReadMode::blocking, hint_).value();
    bytes.insert(bytes.end(), read.chunks[0].span().begin(), read.chunks[0].span().end());
    next_ = read.next_offset;
    if (const auto located = locate(kEntryBytes)) {
      const Bytes piece = bytes_of(*located);
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
  }
  EXPECT_EQ(bytes, batches_from(1, 40));
}

TEST_F(SegmentLocateTest, OnlyFromWhereTheHintIs) {
  fill(40);
  const ReadHint hint = std::exchange(hint_, {});
  EXPECT_FALSE(locate(256 << 10));
  hint_ = hint;
  next_ = kBase + 2;
  EXPECT_FALSE(locate(256 << 10));
  next_ = kBase + 1;
  EXPECT_TRUE(locate(256 << 10));
}

TEST_F(SegmentLocateTest, AnEntryThatPointsIntoABatchIsNotGoneTo) {
  fill(40);
  std::vector<IndexEntry> entries;
  for (std::uint32_t n = 1; n < 20; ++n) entries.push_back({2 * n, n * (80U << 10), 1000});
  segment_->index().replace(entries).value();
  EXPECT_FALSE(locate(256 << 10));
  EXPECT_EQ(segment_->read(next_, segment_->end().next_offset, 1, ReadMode::blocking, hint_).value().next_offset, kBase + 2);
}

TEST_F(SegmentLocateTest, AHeaderWithAnotherOffsetIsNotGoneTo) {
  fill(40);
  const auto end = locate(kEntryBytes)->in_file.value();
  next_ = kBase + 1;
  hint_ = {kBase, next_, batches_[0].size(), {}};
  flip_byte(fs(), log_path(), end.position + end.bytes + record::field::kBaseOffset + 7);
  EXPECT_FALSE(locate(kEntryBytes));
}

TEST_F(SegmentLocateTest, WhatIsAppendedMeanwhileIsLocatedToo) {
  batches_ = make_batches(kBase, 40, kLargeBatch);
  const std::vector<Bytes> first(batches_.begin(), batches_.begin() + 20);
  const std::vector<Bytes> second(batches_.begin() + 20, batches_.end());
  SegmentAppender appender = create();
  segment_ = appender.segment();
  appender.append(placed(first)).value();
  read_first();
  Bytes bytes = locate_all(256 << 10);
  EXPECT_GE(next_, kBase + 17);
  segment_->index().flush().value();
  appender.append(placed(second)).value();
  const Bytes rest = locate_all(256 << 10);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  EXPECT_GE(next_, kBase + 37);
  EXPECT_EQ(bytes, batches_from(1, static_cast<std::size_t>(next_ - kBase)));
}

TEST_F(SegmentLocateTest, OnlySoManyRangesAreUnderWay) {
  fill(40);
  std::vector<ReadBatches> under_way;
  const ReadHint hint = hint_;
  const auto next = next_;
  for (int i = 0; i < 100; ++i) {
    hint_ = hint;
    next_ = next;
    if (auto located = locate(256 << 10)) under_way.push_back(std::move(*located));
  }
  EXPECT_EQ(under_way.size(), 32U);
  under_way.pop_back();
  hint_ = hint;
  next_ = next;
  EXPECT_TRUE(locate(256 << 10));
}

TEST_F(SegmentLocateTest, WhatWasLocatedOutlivesTheSegment) {
  fill(20);
  const ReadBatches located = locate(256 << 10).value();
  segment_ = nullptr;
  remove_segment_files(fs(), disk_.root(), kBase).value();
  EXPECT_EQ(bytes_of(located), batches_from(1, static_cast<std::size_t>(next_ - kBase)));
}

TEST_F(SegmentLocateTest, WhatIsNotCachedIsNotLocated) {
  fill(20);
  const int descriptor = ::open(log_path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::fsync(descriptor), 0);
  ASSERT_EQ(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED), 0);
  const auto file = std::make_shared<const FileDescriptor>(descriptor);
  if (is_cached({file, 1 << 20, 1})) GTEST_SKIP() << "this file system keeps what it is told to drop";
  EXPECT_FALSE(locate(256 << 10));
}

TEST_F(SegmentLocateTest, NothingOnADiskWithoutDescriptors) {
  FakeDisk disk;
  const auto files = std::make_shared<OpenFiles>(disk.fs, 16);
  SegmentAppender appender = SegmentAppender::create(files, read_blocks_, FakeDisk::root(), kBase).value();
  appender.append(placed(make_batches(kBase, 40, kLargeBatch))).value();
  segment_ = appender.segment();
  read_first();
  EXPECT_FALSE(locate(256 << 10));
}

}  // namespace
}  // namespace leat::storage
