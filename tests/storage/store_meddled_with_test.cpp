// What somebody else does to the data directory of a store that is open.
#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

template <class Disk>
class StoreMeddledWith : public StoreFixture<Disk> {};
TYPED_TEST_SUITE(StoreMeddledWith, Disks, DiskNames);

TYPED_TEST(StoreMeddledWith, ASegmentThatSomebodyCutEndsWritingAtTheNextCheckpointAndIsRepairedFromTheJournal) {
  this->create();
  this->publish(3);
  cut(this->disk_.fs, this->log().directory() / segment_file_name(Offset(0)), 10);
  const auto checkpointed = this->store_->checkpoint();
  EXPECT_EQ(error_of(checkpointed), Errc::io_error);
  EXPECT_THAT(message_of(checkpointed), HasSubstr("00000000000000000000.log has 10 bytes"));
  EXPECT_EQ(error_of(this->send(this->next_batch())), Errc::storage_failed);
  this->reopen_after_kill();
  this->expect_intact(Offset(6));
}

TYPED_TEST(StoreMeddledWith, ASegmentThatSomebodyCutWhileItWasClosedIsNoticedToo) {
  this->create();
  this->publish(3);
  for (const char* other : {"a", "b", "c"}) this->create(other);  // three files may be open
  cut(this->disk_.fs, this->log().directory() / segment_file_name(Offset(0)), 10);
  EXPECT_EQ(error_of(this->store_->checkpoint()), Errc::io_error);
  this->reopen_after_kill();
  this->expect_intact(Offset(6));
}

TYPED_TEST(StoreMeddledWith, NothingIsAppendedBehindACut) {
  this->create();
  this->publish(3);
  cut(this->disk_.fs, this->log().directory() / segment_file_name(Offset(0)), 10);
  this->send(this->next_batch()).value();
  this->store_->journal_one().value();
  const auto written = this->store_->write_one();
  EXPECT_EQ(error_of(written), Errc::io_error);
  EXPECT_THAT(message_of(written), HasSubstr("somebody else has cut it"));
  this->reopen_after_kill();
  this->expect_intact(Offset(8));
}

TYPED_TEST(StoreMeddledWith, AnOrderlyStopDoesNotVouchForASegmentThatWasCut) {
  this->create();
  this->publish(3);
  cut(this->disk_.fs, this->log().directory() / segment_file_name(Offset(0)), 10);
  EXPECT_EQ(error_of(this->store_->close()), Errc::io_error);
  this->reopen_after_kill();
  this->expect_intact(Offset(6));
}

TYPED_TEST(StoreMeddledWith, ADataDirectoryThatIsMovedEndsWritingAndIsNamedAsTheCause) {
  this->create();
  this->publish(3);
  const Path moved = this->disk_.root() / "deep" / "moved";
  this->disk_.fs.rename(this->options_.data_dir, moved).value();
  const auto checkpointed = this->store_->checkpoint();
  EXPECT_EQ(error_of(checkpointed), Errc::io_error);
  EXPECT_THAT(message_of(checkpointed), HasSubstr(this->options_.data_dir.native() + " is no longer the directory"));
  EXPECT_EQ(error_of(this->send(this->next_batch())), Errc::storage_failed);
  this->options_.data_dir = moved;
  this->reopen_after_kill();
  this->expect_intact(Offset(6));
}

TYPED_TEST(StoreMeddledWith, AFailedWriteNamesAMovedDataDirectoryAsTheCause) {
  this->create("orders", 1, {{"segment.bytes", "1024"}});
  this->publish(1, 3000);
  this->disk_.fs.rename(this->options_.data_dir, this->disk_.root() / "deep" / "moved").value();
  this->send(this->next_batch()).value();
  this->store_->journal_one().value();
  EXPECT_THAT(message_of(this->store_->write_one()), HasSubstr("it was moved, removed or replaced; "));  // wants a new segment
}

TYPED_TEST(StoreMeddledWith, NothingIsSavedInADirectoryThatTookTheDataDirectorysPlace) {
  this->create();
  this->store_->checkpoint().value();
  const Path data = this->options_.data_dir;
  this->disk_.fs.rename(data, this->disk_.root() / "deep" / "moved").value();
  this->disk_.fs.create_directories(data).value();
  EXPECT_EQ(error_of(this->store_->create_topic("other", 1, {})), Errc::io_error);
  EXPECT_EQ(error_of(this->store_->checkpoint()), Errc::storage_failed);
  EXPECT_TRUE(this->disk_.fs.list(data).value().empty());
}

TYPED_TEST(StoreMeddledWith, ACheckpointIsNotSavedInADirectoryThatTookTheDataDirectorysPlace) {
  this->create();
  this->store_->checkpoint().value();
  const Path data = this->options_.data_dir;
  this->disk_.fs.rename(data, this->disk_.root() / "deep" / "moved").value();
  this->disk_.fs.create_directories(data).value();
  EXPECT_EQ(error_of(this->store_->checkpoint()), Errc::io_error);
  EXPECT_TRUE(this->disk_.fs.list(data).value().empty());
}

}  // namespace
}  // namespace leat::storage
