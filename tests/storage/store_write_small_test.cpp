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

}  // namespace
}  // namespace leat::storage
