#include "storage/segment/segment_appender.hpp"

#include <gmock/gmock.h>

#include "segment_fixture.hpp"

namespace leat::storage {
namespace {

template <class Disk>
class SegmentAppenderTest : public SegmentFixture<Disk> {};
TYPED_TEST_SUITE(SegmentAppenderTest, Disks, DiskNames);

TYPED_TEST(SegmentAppenderTest, BatchesLieInTheFileAsTheyAre) {
  const auto batches = make_batches(this->kBase, 5, {.records = 3});
  SegmentAppender appender = this->create();
  appender.append(placed(batches)).value();
  EXPECT_EQ(contents_of(this->fs(), this->log_path()), joined(batches));
}

TYPED_TEST(SegmentAppenderTest, TheEndMovesWithTheBatches) {
  SegmentAppender appender = this->create();
  EXPECT_EQ(appender.segment()->end().next_offset, this->kBase);
  const auto batches = make_batches(this->kBase, 2, {.records = 3, .timestamp = 70});
  appender.append(placed(batches)).value();
  const SegmentEnd end = appender.segment()->end();
  EXPECT_EQ(end.position, joined(batches).size());
  EXPECT_EQ(end.next_offset, this->kBase + 6);
  EXPECT_EQ(end.max_timestamp, 72);
}

TYPED_TEST(SegmentAppenderTest, AnOlderTimestampDoesNotLowerTheNewest) {
  SegmentAppender appender = this->create();
  const Bytes late = make_batch(this->kBase, {.timestamp = 900});
  const Bytes early = make_batch(this->kBase + 1, {.timestamp = 100});
  appender.append(placed({late, early})).value();
  EXPECT_EQ(appender.segment()->end().max_timestamp, 900);
}

TYPED_TEST(SegmentAppenderTest, AnEntryIsMadeForEverySixtyFourKibibytes) {
  const auto batches = make_batches(this->kBase, 10, kLargeBatch);
  const std::size_t batch_bytes = batches[0].size();
  SegmentAppender appender = this->create();
  for (const Bytes& batch : batches) appender.append(placed({batch})).value();
  SegmentIndex& index = appender.segment()->index();
  EXPECT_EQ(index.at_or_before(this->kBase + 1).value().entry.position, 0U);
  EXPECT_EQ(index.at_or_before(this->kBase + 2).value().entry,
            (IndexEntry{2, static_cast<std::uint32_t>(2 * batch_bytes), 1000}));
  EXPECT_EQ(index.at_or_before(this->kBase + 9).value().entry,
            (IndexEntry{8, static_cast<std::uint32_t>(8 * batch_bytes), 1000}));
}

TYPED_TEST(SegmentAppenderTest, ASealedIndexEndsWithTheSegmentsEnd) {
  const auto batches = make_batches(this->kBase, 10, kLargeBatch);
  const auto segment = this->sealed(batches);
  const auto last = this->reopened(segment->end())->index().last_entry().value();
  EXPECT_EQ(last, (IndexEntry{10, static_cast<std::uint32_t>(joined(batches).size()), 1000}));
}

TYPED_TEST(SegmentAppenderTest, ResumingGoesOnAtTheEnd) {
  const auto batches = make_batches(this->kBase, 4);
  {
    SegmentAppender first = this->create();
    first.append(placed({batches[0], batches[1]})).value();
  }
  const std::uint64_t end = batches[0].size() + batches[1].size();
  SegmentAppender second(this->reopened({end, this->kBase + 2, 1000}), IndexSpacing(this->kBase, 0));
  second.append(placed({batches[2], batches[3]})).value();
  EXPECT_EQ(contents_of(this->fs(), this->log_path()), joined(batches));
}

TYPED_TEST(SegmentAppenderTest, LeftOversOfAnEarlierAttemptAreDropped) {
  this->sealed(make_batches(this->kBase, 10, kLargeBatch));
  const auto batches = make_batches(this->kBase, 3, {.value_bytes = 50 << 10});
  SegmentAppender appender = this->create();
  appender.append(placed(batches)).value();
  EXPECT_EQ(contents_of(this->fs(), this->log_path()), joined(batches));
  EXPECT_EQ(appender.segment()->index().at_or_before(this->kBase + 9).value().entry.position, 2 * batches[0].size());
}

TYPED_TEST(SegmentAppenderTest, RoomIsWhatTheSettingLeaves) {
  SegmentAppender appender = this->create();
  const Bytes batch = make_batch(this->kBase);
  appender.append(placed({batch})).value();
  EXPECT_TRUE(appender.has_room_for(100, this->kBase + 2, batch.size() + 100));
  EXPECT_FALSE(appender.has_room_for(101, this->kBase + 2, batch.size() + 100));
}

TYPED_TEST(SegmentAppenderTest, PositionsAndOffsetsStayWithinWhatAnEntryHolds) {
  SegmentAppender appender = this->create();
  const Bytes batch = make_batch(this->kBase);
  appender.append(placed({batch})).value();
  constexpr std::uint64_t kNoLimit = 1ULL << 40;
  EXPECT_TRUE(appender.has_room_for((1ULL << 31) - batch.size(), this->kBase + 2, kNoLimit));
  EXPECT_FALSE(appender.has_room_for((1ULL << 31) - batch.size() + 1, this->kBase + 2, kNoLimit));
  EXPECT_TRUE(appender.has_room_for(1, this->kBase + ((1LL << 31) - 1), kNoLimit));
  EXPECT_FALSE(appender.has_room_for(1, this->kBase + (1LL << 31), kNoLimit));
}

class SegmentAppenderFaults : public SegmentFixture<FakeDisk> {};

TEST_F(SegmentAppenderFaults, AFailedAppendMovesNothingAndMayBeTriedAgain) {
  const auto batches = make_batches(kBase, 4, kLargeBatch);
  SegmentAppender appender = create();
  disk_.fs.set_space(100 << 10, 1 << 20);
  EXPECT_EQ(error_of(appender.append(placed(batches))), Errc::storage_full);
  EXPECT_EQ(appender.segment()->end().position, 0U);
  disk_.fs.set_space(1 << 20, 1 << 20);
  appender.append(placed(batches)).value();
  EXPECT_EQ(contents_of(fs(), log_path()), joined(batches));
  EXPECT_EQ(appender.segment()->index().at_or_before(kBase + 3).value().entry.position, 2 * batches[0].size());
}

}  // namespace
}  // namespace leat::storage
