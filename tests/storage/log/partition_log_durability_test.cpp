// What becomes of a log whose durability is changed.
#include "log_fixture.hpp"

namespace leat::storage {
namespace {

template <class Disk>
class PartitionLogDurability : public LogFixture<Disk> {
 protected:
  PartitionLogDurability() { this->open(); }
};
TYPED_TEST_SUITE(PartitionLogDurability, Disks, DiskNames);

TYPED_TEST(PartitionLogDurability, LeavingTheJournalWaitsForWhatIsUnderWay) {
  this->append().value();
  this->configure({.durability = Durability::os});
  EXPECT_EQ(error_of(this->append()), Errc::would_block);
  this->journal_all();
  EXPECT_EQ(error_of(this->append()), Errc::would_block);
  this->write_all();
  EXPECT_TRUE(this->append());
  EXPECT_EQ(this->queue_.take_for_journal(), nullptr);
  this->write_all();
  EXPECT_EQ(this->log_->high_watermark(), Offset(2));
}

TYPED_TEST(PartitionLogDurability, ChangingDurabilityLeavesNothingBehindInTheTail) {
  for (const Durability durability : {Durability::durable, Durability::os, Durability::durable}) {
    this->configure({.durability = durability});
    this->log_->sync().value();
    // Its lane keeps the block of the last batch for as long as nobody else comes.
    this->commit(1);
    EXPECT_EQ(this->log_->tail_batches(), 1U);
  }
}

TYPED_TEST(PartitionLogDurability, ReturningToTheJournalWaitsUntilAllIsSynced) {
  this->configure({.durability = Durability::os});
  this->append().value();
  this->configure({.durability = Durability::durable});
  this->write_all();
  EXPECT_EQ(error_of(this->append()), Errc::would_block);
  this->log_->sync().value();
  this->append().value();
  this->settle();
  EXPECT_EQ(this->log_->durable_end(), Offset(2));
  EXPECT_EQ(this->read_all(0), joined(make_batches(Offset(0), 2)));
}

}  // namespace
}  // namespace leat::storage
