// When a store asks for a checkpoint.
#include "store_fixture.hpp"

namespace leat::storage {
namespace {

template <class Disk>
class StoreCheckpointTest : public StoreFixture<Disk> {};
TYPED_TEST_SUITE(StoreCheckpointTest, Disks, DiskNames);

TYPED_TEST(StoreCheckpointTest, MuchThatIsNotSyncedAsksForACheckpoint) {
  this->options_.unsynced_bytes_max = 20'000;
  this->kill();
  this->open();
  this->create("orders", 1, {{"durability", "os"}});
  int batches = 0;
  for (; !this->store_->wants_checkpoint(); ++batches) {
    ASSERT_LT(batches, 100);
    this->publish(1);
  }
  EXPECT_GT(batches, 20);  // of less than a kilobyte each
  this->store_->checkpoint().value();
  EXPECT_FALSE(this->store_->wants_checkpoint());
}

TYPED_TEST(StoreCheckpointTest, WhatIsInTheJournalAsksForNoCheckpointByItsSize) {
  this->options_.unsynced_bytes_max = 1;
  this->kill();
  this->open();
  this->create();
  this->publish(1);
  EXPECT_FALSE(this->store_->wants_checkpoint());
}

}  // namespace
}  // namespace leat::storage
