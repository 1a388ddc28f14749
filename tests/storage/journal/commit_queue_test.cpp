#include "storage/journal/commit_queue.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "samples/batches.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CommitQueueTest : public testing::Test {
 protected:
  static constexpr std::size_t kBlockBytes = 16 << 10;
  static constexpr CommitQueueOptions kOptions{
      .group_bytes_max = kBlockBytes, .queued_bytes_max = 4 * kBlockBytes, .tail_bytes_max = 2 * kBlockBytes};

  Result<CommitQueue::Staged> stage(std::int64_t offset, std::size_t value_bytes = 10, bool journaled = true) {
    const Bytes batch = make_batch(Offset(0), {.value_bytes = value_bytes});
    return queue_.stage(nullptr, LogId(1), header_of(batch), batch, Offset(offset), journaled);
  }
  Result<CommitQueue::Staged> stage_cached(std::int64_t offset) { return stage(offset, 10, false); }
  static std::vector<std::int64_t> offsets(const CommitGroup& group) {
    std::vector<std::int64_t> offsets;
    for (const StagedBatch& batch : group.batches) offsets.push_back(header_of(group.bytes_of(batch)).base_offset.value());
    return offsets;
  }
  void finish(const CommitGroupPtr& group) {
    if (group->journaled) queue_.done(*group);
    queue_.done(*group);
  }
  /// Stages until the queue refuses; how many it took.
  int fill() {
    int taken = 0;
    while (stage(taken, 4000)) ++taken;
    return taken;
  }

  CommitQueue queue_{kOptions};
};

TEST_F(CommitQueueTest, ABatchIsCopiedWithItsOffset) {
  const Bytes batch = make_batch(Offset(0), {.records = 3});
  const auto staged = queue_.stage(nullptr, LogId(1), header_of(batch), batch, Offset(40), true).value();
  const ByteSpan copy = std::as_const(*staged.block).bytes().subspan(staged.position, batch.size());
  EXPECT_EQ(header_of(copy).base_offset, Offset(40));
  EXPECT_EQ(header_of(copy).leader_epoch, 0);
  EXPECT_TRUE(std::ranges::equal(copy.subspan(16), ByteSpan(batch).subspan(16)));
}

TEST_F(CommitQueueTest, AGroupKnowsItsBatches) {
  const Bytes batch = make_batch(Offset(0), {.records = 3, .timestamp = 500});
  (void)queue_.stage(nullptr, LogId(1), header_of(batch), batch, Offset(40), true).value();
  const auto group = queue_.take_for_journal();
  ASSERT_EQ(group->batches.size(), 1U);
  EXPECT_EQ(group->batches[0].base_offset, Offset(40));
  EXPECT_EQ(group->batches[0].next_offset, Offset(43));
  EXPECT_EQ(group->batches[0].max_timestamp, 502);
  EXPECT_EQ(group->padded_bytes(), kDirectAlignment);
}

TEST_F(CommitQueueTest, WhatGatheredMeanwhileIsOneGroup) {
  for (int i = 0; i < 3; ++i) stage(i).value();
  EXPECT_THAT(offsets(*queue_.take_for_journal()), ElementsAre(0, 1, 2));
  EXPECT_EQ(queue_.take_for_journal(), nullptr);
}

TEST_F(CommitQueueTest, GroupsAreNumberedFromOneWithoutAGap) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    stage(0).value();
    EXPECT_EQ(queue_.take_for_journal()->sequence, sequence);
  }
}

TEST_F(CommitQueueTest, EveryGroupBeginsOnAPage) {
  for (int i = 0; i < 10; ++i) {
    stage(i).value();
    EXPECT_EQ(queue_.take_for_journal()->begin % kDirectAlignment, 0U) << i;
  }
}

TEST_F(CommitQueueTest, GroupsWithoutAJournalLieDensely) {
  std::vector<CommitGroupPtr> groups;
  for (int i = 0; i < 3; ++i) {
    const Bytes batch = make_batch(Offset(0));
    (void)queue_.stage(nullptr, LogId(1), header_of(batch), batch, Offset(i), false).value();
    groups.push_back(queue_.take_for_segments());
  }
  EXPECT_LT(groups[2]->end, kDirectAlignment) << "all of them on a page";
  EXPECT_LE(groups[0]->end, groups[1]->begin);
  EXPECT_LE(groups[1]->end, groups[2]->begin);
  EXPECT_LT(queue_.queued_bytes(), kDirectAlignment);
  for (const CommitGroupPtr& group : groups) queue_.done(*group);
  EXPECT_EQ(queue_.queued_bytes(), 0U);
}

TEST_F(CommitQueueTest, GroupsOfOneBlockDoNotOverlap) {
  stage(0).value();
  const auto first = queue_.take_for_journal();
  stage(1).value();
  const auto second = queue_.take_for_journal();
  EXPECT_EQ(first->block, second->block);
  EXPECT_GE(second->begin, align_up(first->end, kDirectAlignment));
}

TEST_F(CommitQueueTest, AFullBlockClosesTheGroup) {
  for (int i = 0; i < 6; ++i) stage(i, 4000).value();
  const auto first = queue_.take_for_journal();
  const auto second = queue_.take_for_journal();
  EXPECT_THAT(offsets(*first), ElementsAre(0, 1, 2));
  EXPECT_THAT(offsets(*second), ElementsAre(3, 4, 5));
  EXPECT_NE(first->block, second->block);
}

TEST_F(CommitQueueTest, ABatchLargerThanABlockHasItsOwn) {
  stage(0, 3 * kBlockBytes).value();
  const auto group = queue_.take_for_journal();
  EXPECT_THAT(offsets(*group), ElementsAre(0));
  EXPECT_GE(group->block->size(), 3 * kBlockBytes);
}

TEST_F(CommitQueueTest, ThePaddingOfRecycledMemoryIsZero) {
  CommitGroupPtr group;
  for (int round = 0; round < 20; ++round) {
    stage(round, round % 2 == 0 ? 4000 : 10).value();
    group = queue_.take_for_journal();
    (void)queue_.take_for_segments();
    finish(group);
    const ByteSpan bytes = std::as_const(*group->block).bytes();
    const ByteSpan padding = bytes.subspan(group->end, align_up(group->end, kDirectAlignment) - group->end);
    EXPECT_TRUE(std::ranges::all_of(padding, [](std::byte byte) { return byte == std::byte{0}; })) << round;
  }
}

TEST_F(CommitQueueTest, AGroupGoesToTheSegmentsOnceItWasTakenForTheJournal) {
  stage(0).value();
  EXPECT_EQ(queue_.take_for_segments(), nullptr);
  const auto group = queue_.take_for_journal();
  EXPECT_EQ(queue_.take_for_segments(), group);
  EXPECT_EQ(queue_.take_for_segments(), nullptr);
}

TEST_F(CommitQueueTest, CachedBatchesPassTheJournalBy) {
  stage_cached(0).value();
  EXPECT_EQ(queue_.take_for_journal(), nullptr);
  const auto group = queue_.take_for_segments();
  EXPECT_FALSE(group->journaled);
  EXPECT_EQ(group->sequence, 0U);
  EXPECT_THAT(offsets(*group), ElementsAre(0));
}

TEST_F(CommitQueueTest, CachedGroupsTakeNoSequence) {
  stage_cached(0).value();
  stage(1).value();
  (void)queue_.take_for_segments();
  EXPECT_EQ(queue_.take_for_journal()->sequence, 1U);
}

TEST_F(CommitQueueTest, TheLimitIsBackPressure) {
  EXPECT_GT(fill(), 0);
  EXPECT_EQ(error_of(stage(0, 4000)), Errc::would_block);
  EXPECT_LE(queue_.queued_bytes(), kOptions.queued_bytes_max + 2 * kDirectAlignment) << "one batch beyond it";
}

TEST_F(CommitQueueTest, ALargeBatchComesInWhereASmallOneWould) {
  fill();
  const auto group = queue_.take_for_journal();
  queue_.done(*group);
  queue_.done(*queue_.take_for_segments());
  EXPECT_TRUE(stage(0, 3 * kBlockBytes));
  EXPECT_EQ(error_of(stage(1)), Errc::would_block);
}

TEST_F(CommitQueueTest, AGroupCountsWithThePagesThatItTakes) {
  constexpr std::size_t kPages = kOptions.queued_bytes_max / kDirectAlignment;
  std::vector<CommitGroupPtr> groups;
  while (groups.size() <= kPages && stage(0)) groups.push_back(queue_.take_for_journal());
  EXPECT_EQ(groups.size(), kPages);
  for (const CommitGroupPtr& group : groups) finish(group);
  EXPECT_EQ(queue_.queued_bytes(), 0U);
}

TEST_F(CommitQueueTest, ABatchThatFitsInItsGroupsLastPageCountsNothingMore) {
  for (int i = 0; i < 10; ++i) stage(i).value();
  EXPECT_EQ(queue_.queued_bytes(), kDirectAlignment);
  stage(10, 4000).value();
  EXPECT_EQ(queue_.queued_bytes(), 2 * kDirectAlignment);
}

TEST_F(CommitQueueTest, RoomComesBackWhenBothWritersAreDone) {
  fill();
  const auto group = queue_.take_for_journal();
  queue_.done(*group);
  EXPECT_EQ(error_of(stage(0, 4000)), Errc::would_block);
  queue_.done(*queue_.take_for_segments());
  EXPECT_TRUE(stage(0, 4000));
}

TEST_F(CommitQueueTest, ACachedGroupNeedsTheSegmentsOnly) {
  stage_cached(0).value();
  queue_.done(*queue_.take_for_segments());
  EXPECT_EQ(queue_.queued_bytes(), 0U);
}

TEST_F(CommitQueueTest, WhatHasNoJournalTakesTurnsWithWhatHas) {
  for (const std::int64_t offset : {0, 1, 2}) {
    stage(offset).value();
    (void)queue_.take_for_journal();
  }
  stage_cached(10).value();
  EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(0));
  EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(10));
  EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(1));
  EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(2));
}

TEST_F(CommitQueueTest, AnEmptyQueueTakesABatchBeyondTheLimit) {
  EXPECT_TRUE(stage(0, 8 * kBlockBytes));
  EXPECT_EQ(error_of(stage(1)), Errc::would_block);
}

TEST_F(CommitQueueTest, AFullDiskRefusesUntilThereIsRoom) {
  queue_.set_full(FullReason::reserve, true);
  queue_.set_full(FullReason::segments, true);
  queue_.set_full(FullReason::reserve, false);
  EXPECT_EQ(error_of(stage(0)), Errc::storage_full);
  queue_.set_full(FullReason::segments, false);
  EXPECT_TRUE(stage(0));
}

TEST_F(CommitQueueTest, AfterAFailureNothingComesInAndNothingGoesOut) {
  stage(0).value();
  queue_.fail(Error(Errc::storage_failed, "the disk is gone"));
  queue_.fail(Error(Errc::storage_failed, "a consequence"));
  EXPECT_EQ(error_of(stage(1)), Errc::storage_failed);
  EXPECT_THAT(message_of(stage(1)), HasSubstr("the disk is gone"));
  EXPECT_EQ(queue_.take_for_journal(), nullptr);
  EXPECT_EQ(queue_.take_for_segments(), nullptr);
  EXPECT_TRUE(queue_.failed());
}

TEST_F(CommitQueueTest, AStoppedQueueTakesNothingMoreAndGivesOutWhatItHas) {
  stage(0).value();
  queue_.stop();
  EXPECT_EQ(error_of(stage(1)), Errc::shutting_down);
  EXPECT_NE(queue_.take_for_journal(), nullptr);
  EXPECT_TRUE(queue_.stopped());
}

TEST_F(CommitQueueTest, TheSegmentsDoNotWaitForWhatTheJournalsWriterHasLeft) {
  stage(0).value();
  std::thread segments([this] { queue_.wait_for_segment_work(); });
  queue_.stop();
  EXPECT_FALSE(queue_.drained());
  queue_.end_journal();
  segments.join();
  EXPECT_TRUE(queue_.drained());
  EXPECT_NE(queue_.take_for_journal(), nullptr);
}

TEST_F(CommitQueueTest, WaitingWritersAreWokenByWork) {
  std::thread journal([this] { queue_.wait_for_journal_work(); });
  std::thread segments([this] { queue_.wait_for_segment_work(); });
  stage(0).value();
  stage_cached(1).value();
  journal.join();
  segments.join();
  EXPECT_NE(queue_.take_for_journal(), nullptr);
}

TEST_F(CommitQueueTest, OnlyASmallGroupThatIsAllThereIsIsTakenAsSmall) {
  EXPECT_EQ(queue_.take_small_for_segments(kBlockBytes), nullptr);
  stage_cached(0).value();
  EXPECT_EQ(queue_.take_small_for_segments(10), nullptr);
  const auto group = queue_.take_small_for_segments(kBlockBytes);
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(queue_.take_for_segments(), nullptr);
  finish(group);

  stage_cached(1).value();
  for (int i = 0; i < 4; ++i) stage(i, 4000, false).value();
  EXPECT_EQ(queue_.take_small_for_segments(kBlockBytes), nullptr) << "there is a group before it";
}

TEST_F(CommitQueueTest, ASmallGroupIsTakenBesideWhatGoesThroughTheJournal) {
  stage(1).value();
  EXPECT_NE(queue_.take_for_journal(), nullptr);
  stage_cached(2).value();
  EXPECT_NE(queue_.take_small_for_segments(kBlockBytes), nullptr);
}

TEST_F(CommitQueueTest, NoSmallGroupIsTakenWhileOneWaitsForRoom) {
  stage_cached(1).value();
  auto group = queue_.take_small_for_segments(kBlockBytes);
  stage_cached(2).value();
  queue_.put_back_for_segments(std::move(group));
  EXPECT_EQ(queue_.take_small_for_segments(kBlockBytes), nullptr);
  EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(1));
  queue_.set_full(FullReason::segments, true);
  EXPECT_EQ(queue_.take_small_for_segments(kBlockBytes), nullptr);
  queue_.set_full(FullReason::segments, false);
  EXPECT_NE(queue_.take_small_for_segments(kBlockBytes), nullptr);
}

TEST_F(CommitQueueTest, AGroupThatWasPutBackComesBeforeThoseOfTheOtherLane) {
  for (const bool journaled : {true, false}) {
    stage(1, 10, journaled).value();
    (void)queue_.take_for_journal();
    auto group = queue_.take_for_segments();
    stage(2, 10, !journaled).value();
    (void)queue_.take_for_journal();
    queue_.put_back_for_segments(std::move(group));
    EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(1));
    EXPECT_THAT(offsets(*queue_.take_for_segments()), ElementsAre(2));
  }
}

TEST_F(CommitQueueTest, AGroupThatCouldNotBeWrittenIsTheNextAgain) {
  for (const bool journaled : {true, false}) {
    for (const std::int64_t offset : {0, 1}) {
      stage(offset, 10, journaled).value();
      EXPECT_EQ(queue_.take_for_journal() != nullptr, journaled);
    }
    auto group = queue_.take_for_segments();
    const auto first = offsets(*group);
    queue_.put_back_for_segments(std::move(group));
    EXPECT_EQ(offsets(*queue_.take_for_segments()), first);
    (void)queue_.take_for_segments();
  }
}

TEST_F(CommitQueueTest, WaitingWritersAreWokenByTheEnd) {
  std::thread journal([this] { queue_.wait_for_journal_work(); });
  std::thread segments([this] { queue_.wait_for_segment_work(); });
  queue_.stop();
  journal.join();
  segments.join();
  EXPECT_EQ(queue_.take_for_segments(), nullptr);
}

TEST_F(CommitQueueTest, BlocksStayForTheTailUpToTheLimit) {
  std::vector<std::weak_ptr<Block>> blocks;
  for (int i = 0; i < 5; ++i) {
    blocks.push_back(stage(i, kBlockBytes / 2).value().block);
    finish(queue_.take_for_journal());
    (void)queue_.take_for_segments();
  }
  std::vector<bool> gone;
  for (const auto& block : blocks) gone.push_back(block.expired());
  EXPECT_THAT(gone, ElementsAre(true, true, true, false, false));
}

}  // namespace
}  // namespace leat::storage
