// Store::write_small, which does the work of the segments' writer on another thread.
#include "store_fixture.hpp"

namespace leat::storage {
namespace {

template <class Disk>
class WriteSmall : public StoreFixture<Disk> {};
TYPED_TEST_SUITE(WriteSmall, Disks, DiskNames);

TYPED_TEST(WriteSmall, WritesASmallGroupForWhoeverAsks) {
  this->create("orders", 1, {{"durability", "os"}, {"segment.bytes", "1000000"}});
  EXPECT_EQ(this->store_->write_small().value(), nullptr);
  this->publish(1);  // now its file is open
  this->send(this->next_batch()).value();
  ASSERT_NE(this->store_->write_small().value(), nullptr);
  this->expect_intact(Offset(4));
}

TYPED_TEST(WriteSmall, LeavesWhatWouldOpenAFile) {
  this->create("orders", 1, {{"durability", "os"}, {"segment.bytes", "1000000"}});
  this->store_->checkpoint().value();
  this->store_->close_unused_files();
  this->store_->close_unused_files();
  this->send(this->next_batch()).value();
  EXPECT_EQ(this->store_->write_small().value(), nullptr);
  ASSERT_NE(this->store_->write_one().value(), nullptr);
  this->expect_intact(Offset(2));
}

TYPED_TEST(WriteSmall, LeavesWhatMayRollTheSegment) {
  this->create("orders", 1, {{"durability", "os"}});
  this->publish(1);
  this->send(this->next_batch()).value();
  EXPECT_EQ(this->store_->write_small().value(), nullptr);
}

TYPED_TEST(WriteSmall, LeavesMoreThanOneGroup) {
  this->create("orders", 1, {{"durability", "os"}, {"segment.bytes", "1000000"}});
  this->publish(1);
  for (int i = 0; i < 4; ++i) this->send(this->next_batch(3000)).value();
  EXPECT_EQ(this->store_->write_small().value(), nullptr);
}

class WriteSmallSimulated : public StoreFixture<FakeDisk> {
 protected:
  WriteSmallSimulated() {
    create("orders", 1, {{"durability", "os"}, {"segment.bytes", "1000000"}});
    publish(1);
  }
  /// How often write_small() was called in the middle of it, and what it wrote then.
  template <class Work>
  void expect_nothing_written_during(Work work) {
    int asked = 0;
    disk_.fs.on_operation([&](std::uint64_t, std::string_view name) {
      if (name != "sync" && name != "sync_directory") return;
      ++asked;
      EXPECT_EQ(store_->write_small().value(), nullptr);
    });
    work();
    disk_.fs.on_operation(nullptr);
    EXPECT_GT(asked, 0);
    EXPECT_NE(store_->write_small().value(), nullptr);
  }
};

TEST_F(WriteSmallSimulated, WaitsForNobodyWhoSyncs) {
  const auto stage = [this] { send(next_batch()).value(); };
  stage();
  expect_nothing_written_during([this] { store_->checkpoint().value(); });
  stage();
  expect_nothing_written_during([this] { create("payments"); });
  stage();
  expect_nothing_written_during([this] { store_->alter_topic("payments", 2, {}).value(); });
  stage();
  expect_nothing_written_during([this] { store_->delete_topic("payments").value(); });
}

TEST_F(WriteSmallSimulated, AFailureFailsTheStore) {
  send(next_batch()).value();
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(error_of(store_->write_small()), Errc::io_error);
  EXPECT_TRUE(store_->queue().failed());
  EXPECT_EQ(error_of(send(next_batch())), Errc::storage_failed);
  EXPECT_EQ(log().written_end(), Offset(2));
}

TEST_F(WriteSmallSimulated, WhatFindsNoRoomIsWrittenWhenThereIsSome) {
  send(next_batch()).value();
  disk_.fs.fail_operation(0, Errc::storage_full, false);
  EXPECT_EQ(error_of(store_->write_small()), Errc::storage_full);
  EXPECT_EQ(error_of(send(next_batch())), Errc::storage_full);
  EXPECT_EQ(store_->write_small().value(), nullptr);
  EXPECT_NE(store_->write_one().value(), nullptr);
  expect_intact(Offset(4));
}

}  // namespace
}  // namespace leat::storage
