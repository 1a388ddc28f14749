// What Store::open makes of options and of numbers; what it makes of crashes is store_test's.
#include <gmock/gmock.h>

#include "samples/disks.hpp"
#include "storage/store.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

template <class Disk>
class StoreOpening : public testing::Test {
 protected:
  StoreOpening() {
    options_.data_dir = disk_.root() / "data";
    options_.topic_defaults.batch_bytes_max = 4096;
    options_.queue.group_bytes_max = 64 << 10;
    options_.journal = {.file_bytes = 256 << 10, .files_max = 2};
  }
  Result<std::unique_ptr<Store>> open(std::uint64_t seed) {
    random_ = std::make_unique<SeededRandom>(seed);
    return Store::open(disk_.fs, clock_, *random_, options_);
  }
  /// The journal's epoch after an opening.
  std::uint64_t epoch(std::uint64_t seed) {
    open(seed).value();
    return load_checkpoint(disk_.fs, options_.data_dir / "checkpoint").value().epoch;
  }

  Disk disk_;
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<Random> random_;
  StoreOptions options_;
};
TYPED_TEST_SUITE(StoreOpening, Disks, DiskNames);

TYPED_TEST(StoreOpening, TheJournalsEpochIsNotTheOneBeforeWhateverTheRandomNumbers) {
  const std::uint64_t first = this->epoch(1);
  EXPECT_NE(this->epoch(1), first);
}

TYPED_TEST(StoreOpening, TheJournalsEpochCannotBeGuessed) {
  const std::uint64_t first = this->epoch(1);
  EXPECT_NE(first >> 32, 0U);
  EXPECT_NE(this->epoch(2) >> 32, first >> 32);
}

TYPED_TEST(StoreOpening, ATopicWhoseBatchesNoLongerFitTheJournalIsNamed) {
  (void)this->open(1).value()->create_topic("orders", 1, {{"max.message.bytes", "200000"}}).value();
  this->options_.journal.file_bytes = 128 << 10;
  const auto result = this->open(1);
  EXPECT_EQ(error_of(result), Errc::invalid_argument);
  EXPECT_THAT(message_of(result), HasSubstr("topic orders: max.message.bytes is at most"));
}

TYPED_TEST(StoreOpening, AJournalTooSmallForAGroupIsRefused) {
  this->options_.journal.file_bytes = 32 << 10;
  EXPECT_EQ(error_of(this->open(1)), Errc::invalid_argument);
}

class StoreOpeningFaults : public StoreOpening<FakeDisk> {};

TEST_F(StoreOpeningFaults, ACrashWhileTheJournalGetsFilesOfAnotherSizeLeavesADirectoryThatOpens) {
  disk_.fs.sync_directory("/").value();
  (void)open(1).value();
  options_.journal.file_bytes *= 2;
  int crashes = 0;
  disk_.fs.on_operation([&](std::uint64_t index, std::string_view name) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = disk_.fs.crash(simulation::CrashChoice::random(100 * index + seed));
      SeededRandom random(seed);
      const auto opened = Store::open(*after, clock_, random, options_);
      EXPECT_TRUE(opened) << name << " seed " << 100 * index + seed << ": " << message_of(opened);
    }
    ++crashes;
  });
  (void)open(2).value();
  disk_.fs.on_operation(nullptr);
  EXPECT_GT(crashes, 10);
}

}  // namespace
}  // namespace leat::storage
