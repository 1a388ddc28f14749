#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace leat::storage {
namespace {

class StoreOnAFullDisk : public StoreFixture<FakeDisk> {
 protected:
  static constexpr std::uint64_t kPlentyBytes = 1U << 30;
  void fill_disk() { disk_.fs.set_space(0, kPlentyBytes); }
  void make_room() { disk_.fs.set_space(kPlentyBytes, kPlentyBytes); }
  /// Opens the store with a journal of one file and no room for another.
  void open_with_one_journal_file() {
    options_.disk_reserve_bytes = kPlentyBytes;
    kill();
    make_room();
    open();
    create();
  }
  void fill_journal() {
    Result<CommitGroupPtr> journaled = CommitGroupPtr();
    while (journaled.has_value()) {
      send(next_batch(3000)).value();
      journaled = store_->journal_one();
      store_->write_one().value();
    }
  }
};

TEST_F(StoreOnAFullDisk, BatchesAreRefusedWhileAGroupWaitsForRoomInItsSegment) {
  create();
  publish(1);
  send(next_batch(3000)).value();
  fill_disk();
  store_->journal_one().value();
  EXPECT_EQ(error_of(store_->write_one()), Errc::storage_full);
  store_->check_space().value();
  EXPECT_EQ(error_of(send(next_batch())), Errc::storage_full);
  EXPECT_TRUE(store_->queue().full());
  make_room();
  store_->write_one().value();
  EXPECT_FALSE(send(next_batch()).value());
}

TEST_F(StoreOnAFullDisk, BatchesAreRefusedWhileTheCheckpointDoesNotFit) {
  create();
  publish(1);
  fill_disk();
  EXPECT_EQ(error_of(store_->checkpoint()), Errc::storage_full);
  EXPECT_EQ(error_of(send(next_batch())), Errc::storage_full);
  EXPECT_TRUE(store_->wants_checkpoint());
  make_room();
  store_->checkpoint().value();
  EXPECT_FALSE(store_->queue().full());
  EXPECT_FALSE(send(next_batch()).value());
}

TEST_F(StoreOnAFullDisk, AStartThatHasNoRoomSaysWhatItNeedsAndALaterOneLosesNothing) {
  create();
  publish(1);
  for (int i = 0; i < 2; ++i) {
    send(next_batch(3000)).value();
    store_->journal_one().value();
  }
  kill();
  fill_disk();
  const auto opened = Store::open(disk_.fs, clock_, random_, options_);
  EXPECT_EQ(error_of(opened), Errc::storage_full);
  EXPECT_THAT(message_of(opened),
              testing::HasSubstr(options_.data_dir.string() + " has 0 bytes free, starting on it takes about "));
  make_room();
  open();
  expect_intact(Offset(6));
}

TEST_F(StoreOnAFullDisk, AJournalThatCannotGrowAsksForACheckpointBeforeItIsFull) {
  options_.journal.files_max = 8;
  kill();
  open();
  create();
  publish(1);
  store_->prepare_journal().value();
  while (store_->journal().full_files() == 0) publish(1, 3000);
  EXPECT_TRUE(store_->wants_checkpoint());
  store_->prepare_journal().value();
  EXPECT_FALSE(store_->wants_checkpoint());
}

TEST_F(StoreOnAFullDisk, AJournalOfOneFileIsFilledAgainAfterEachCheckpoint) {
  open_with_one_journal_file();
  for (int round = 0; round < 3; ++round) {
    fill_journal();
    EXPECT_TRUE(store_->wants_checkpoint());
    store_->checkpoint().value();
    store_->prepare_journal().value();
    ASSERT_TRUE(store_->journal_one().has_value()) << round;
  }
  EXPECT_EQ(store_->journal().files(), 1U);
  reopen_after_kill();
  expect_intact(model_.next_offset());
}

TEST_F(StoreOnAFullDisk, AnOrderlyStopGetsByWithOneJournalFile) {
  open_with_one_journal_file();
  fill_journal();
  while (send(next_batch()).has_value()) {
  }
  reopen_after_close();
  expect_intact(model_.next_offset());
}

}  // namespace
}  // namespace leat::storage
