#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <thread>

#include "samples/batches.hpp"
#include "storage/journal/commit_queue.hpp"

// When the writer of segments is woken: it lets groups gather, unless there is much to write or somebody is in a hurry.
namespace leat::storage {
namespace {

/// Its writer of segments would wait for longer than any test does.
class PatientCommitQueueTest : public testing::Test {
 protected:
  void stage(std::size_t value_bytes, bool journaled) {
    const Bytes batch = make_batch(Offset(0), {.value_bytes = value_bytes});
    (void)queue_.stage(nullptr, LogId(1), header_of(batch), batch, Offset(0), journaled).value();
  }

  CommitQueue queue_{{.segments_delay = std::chrono::hours(1)}};
};

TEST_F(PatientCommitQueueTest, TheSegmentsAreWrittenWhenSomebodyIsInAHurry) {
  std::thread segments([this] { queue_.wait_for_segment_work(); });
  stage(10, false);
  queue_.hurry();
  segments.join();
  EXPECT_NE(queue_.take_for_segments(), nullptr);
}

TEST(CommitQueueOfWritingStagers, WakesItsWriterForMuchAndForAHurry) {
  CommitQueue queue({.segments_delay = std::chrono::hours(1), .stager_writes = true});
  const Bytes batch = make_batch(Offset(0), {.value_bytes = 10'000});
  const auto stage = [&] { (void)queue.stage(nullptr, LogId(1), header_of(batch), batch, Offset(0), false).value(); };
  std::thread much([&] { queue.wait_for_segment_work(); });
  for (int i = 0; i < 30; ++i) stage();
  much.join();
  while (queue.take_for_segments()) {
  }
  std::thread hurry([&] { queue.wait_for_segment_work(); });
  stage();
  queue.hurry();
  hurry.join();
  EXPECT_NE(queue.take_for_segments(), nullptr);
}

TEST_F(PatientCommitQueueTest, AHurryLastsUntilWhatWasStagedIsThroughTheJournal) {
  stage(10, true);
  queue_.hurry();
  EXPECT_EQ(queue_.take_for_segments(), nullptr);
  std::thread segments([this] { queue_.wait_for_segment_work(); });
  EXPECT_NE(queue_.take_for_journal(), nullptr);
  segments.join();
  EXPECT_NE(queue_.take_for_segments(), nullptr);
}

TEST_F(PatientCommitQueueTest, AHurryIsNoneOfWhatIsStagedLater) {
  queue_.hurry();
  stage(10, false);
  queue_.hurry();
  EXPECT_NE(queue_.take_small_for_segments(1000), nullptr);
  stage(10, true);
  EXPECT_NE(queue_.take_for_journal(), nullptr);
  auto segments = std::async(std::launch::async, [this] { queue_.wait_for_segment_work(); });
  EXPECT_EQ(segments.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  queue_.hurry();
  segments.get();
  EXPECT_NE(queue_.take_for_segments(), nullptr);
}

TEST_F(PatientCommitQueueTest, WhatWasPutBackIsWrittenAtOnce) {
  stage(10, true);
  EXPECT_NE(queue_.take_for_journal(), nullptr);
  queue_.put_back_for_segments(queue_.take_for_segments());
  queue_.wait_for_segment_work();
}

TEST_F(PatientCommitQueueTest, TheSegmentsAreWrittenWhenThereIsMuchToWrite) {
  for (const bool journaled : {true, false}) {
    std::thread segments([this] { queue_.wait_for_segment_work(); });
    for (int i = 0; i < 30; ++i) stage(10'000, journaled);
    while (queue_.take_for_journal()) {
    }
    segments.join();
    while (const auto group = queue_.take_for_segments()) queue_.done(*group);
  }
}

TEST_F(PatientCommitQueueTest, TheSegmentsAreWrittenWhenTheQueueIsStopped) {
  stage(10, false);
  std::thread segments([this] { queue_.wait_for_segment_work(); });
  queue_.stop();
  segments.join();
}

}  // namespace
}  // namespace leat::storage
