#include "storage/segment/segment_index.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "samples/counting_file_system.hpp"
#include "samples/disks.hpp"
#include "samples/worked_example.hpp"

namespace leat::storage {
namespace {

static_assert(kIndexEntryBytes == 24);
static_assert(kIndexIntervalBytes == 65536);
static_assert(kNoTimestamp == -1);

constexpr IndexEntry kStart{0, 0, kNoTimestamp};

/// An index with an entry for each hundred offsets and thousand bytes; what is before the n-th is not newer than 10 n.
template <class Disk>
class SegmentIndexTest : public testing::Test {
 protected:
  static constexpr Offset kBase{5000};
  static IndexEntry entry(std::uint32_t n) { return {100 * n, 1000 * n, 10 * TimestampMs{n}}; }

  FileSystem& fs() { return disk_.fs; }
  Path path() { return disk_.root() / "00000000000000005000.index"; }
  SegmentIndex open() { return SegmentIndex(files_, path(), kBase); }
  static void add(SegmentIndex& index, std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t n = first; n <= last; ++n) index.add(entry(n));
  }
  /// An index file with entries 1 to `count`.
  void write(std::uint32_t count) {
    SegmentIndex index = open();
    add(index, 1, count);
    index.flush().value();
  }
  static std::uint64_t position_of(std::uint32_t n) { return n * kIndexEntryBytes; }
  static void expect_lookups(SegmentIndex& index) {
    EXPECT_EQ(index.at_or_before(kBase).value().entry, kStart);
    EXPECT_EQ(index.at_or_before(kBase + 99).value().entry, kStart);
    EXPECT_EQ(index.at_or_before(kBase + 100).value().entry, entry(1));
    EXPECT_EQ(index.at_or_before(kBase + 799).value().entry, entry(7));
    EXPECT_EQ(index.at_or_before(kBase + 1'000'000).value().entry, entry(9));
    EXPECT_EQ(index.before_time(10).value().entry, kStart);
    EXPECT_EQ(index.before_time(11).value().entry, entry(1));
    EXPECT_EQ(index.before_time(75).value().entry, entry(7));
    EXPECT_EQ(index.before_time(1'000'000).value().entry, entry(9));
  }

  Disk disk_;
  std::shared_ptr<OpenFiles> files_ = std::make_shared<OpenFiles>(disk_.fs, 1);
};
TYPED_TEST_SUITE(SegmentIndexTest, Disks, DiskNames);

TYPED_TEST(SegmentIndexTest, AnEmptyIndexPointsToTheSegmentsStart) {
  SegmentIndex index = this->open();
  EXPECT_EQ(index.at_or_before(this->kBase + 7).value().entry, kStart);
  EXPECT_EQ(index.before_time(7).value().entry, kStart);
}

TYPED_TEST(SegmentIndexTest, EntriesAreFoundInMemory) {
  SegmentIndex index = this->open();
  this->add(index, 1, 9);
  this->expect_lookups(index);
}

TYPED_TEST(SegmentIndexTest, EntriesAreFoundInTheFile) {
  this->write(9);
  SegmentIndex index = this->open();
  this->expect_lookups(index);
}

TYPED_TEST(SegmentIndexTest, EntriesAreFoundWhenSomeAreInTheFileAndSomeInMemory) {
  this->write(4);
  SegmentIndex index = this->open();
  index.load(1'000'000).value();
  this->add(index, 5, 9);
  this->expect_lookups(index);
}

TYPED_TEST(SegmentIndexTest, FlushedEntriesFollowThoseOfTheFile) {
  this->write(4);
  SegmentIndex index = this->open();
  index.load(1'000'000).value();
  this->add(index, 5, 9);
  index.flush().value();
  EXPECT_EQ(contents_of(this->fs(), this->path()).size(), this->position_of(10));
  SegmentIndex again = this->open();
  this->expect_lookups(again);
}

TYPED_TEST(SegmentIndexTest, LoadingDropsWhatLiesBehindTheEnd) {
  this->write(9);
  SegmentIndex index = this->open();
  EXPECT_EQ(index.load(4000).value(), this->entry(3));
  EXPECT_EQ(index.at_or_before(this->kBase + 1'000'000).value().entry, this->entry(3));
  EXPECT_EQ(contents_of(this->fs(), this->path()).size(), this->position_of(4));
}

TYPED_TEST(SegmentIndexTest, LoadingStopsAtADamagedEntry) {
  this->write(9);
  flip_byte(this->fs(), this->path(), this->position_of(5) + 3);
  EXPECT_EQ(this->open().load(1'000'000).value(), this->entry(4));
}

TYPED_TEST(SegmentIndexTest, LoadingStopsAtACutEntry) {
  this->write(9);
  cut(this->fs(), this->path(), this->position_of(7) + 23);
  EXPECT_EQ(this->open().load(1'000'000).value(), this->entry(6));
}

TYPED_TEST(SegmentIndexTest, LoadingStopsWhereEntriesDoNotAscend) {
  SegmentIndex index = this->open();
  this->add(index, 1, 3);
  this->add(index, 2, 5);
  index.flush().value();
  EXPECT_EQ(this->open().load(1'000'000).value(), this->entry(3));
}

TYPED_TEST(SegmentIndexTest, AMissingFileIsAnEmptyIndex) {
  EXPECT_EQ(this->open().load(1'000'000).value(), std::nullopt);
  EXPECT_EQ(this->open().last_entry().value(), std::nullopt);
}

TYPED_TEST(SegmentIndexTest, ADamagedHeaderIsAnEmptyIndex) {
  for (std::uint64_t at = 0; at < kIndexEntryBytes; ++at) {
    this->write(9);
    flip_byte(this->fs(), this->path(), at);
    EXPECT_EQ(this->open().last_entry().value(), std::nullopt) << at;
    EXPECT_EQ(this->open().load(1'000'000).value(), std::nullopt) << at;
  }
}

TYPED_TEST(SegmentIndexTest, TheIndexOfAnotherSegmentIsAnEmptyIndex) {
  this->write(9);
  SegmentIndex other(this->files_, this->path(), this->kBase + 1);
  EXPECT_EQ(other.last_entry().value(), std::nullopt);
}

TYPED_TEST(SegmentIndexTest, TheLastEntryIsTheSegmentsEnd) {
  this->write(9);
  EXPECT_EQ(this->open().last_entry().value(), this->entry(9));
}

TYPED_TEST(SegmentIndexTest, ADamagedOrCutLastEntryIsNone) {
  this->write(9);
  flip_byte(this->fs(), this->path(), this->position_of(9) + 8);
  EXPECT_EQ(this->open().last_entry().value(), std::nullopt);
  cut(this->fs(), this->path(), this->position_of(9) + 1);
  EXPECT_EQ(this->open().last_entry().value(), std::nullopt);
}

TYPED_TEST(SegmentIndexTest, ADamagedEntryCostsALongerWalkAndNothingElse) {
  for (std::uint32_t damaged = 1; damaged <= 9; ++damaged) {
    set_contents(this->fs(), this->path(), {});
    this->write(9);
    flip_byte(this->fs(), this->path(), this->position_of(damaged) + 20);
    SegmentIndex index = this->open();
    for (std::uint32_t n = 1; n <= 9; ++n) {
      EXPECT_LE(index.at_or_before(this->kBase + 100 * n).value().entry.relative_offset, 100 * n) << damaged;
      EXPECT_LT(index.before_time(10 * n + 1).value().entry.max_timestamp, 10 * n + 1) << damaged;
    }
  }
}

TYPED_TEST(SegmentIndexTest, AnEntryThatDoesNotAscendIsDamageToo) {
  this->write(9);
  Bytes misplaced(kIndexEntryBytes);
  encode_index_entry(this->entry(2), misplaced.data());
  overwrite(this->fs(), this->path(), this->position_of(7), misplaced);
  SegmentIndex index = this->open();
  const auto found = index.at_or_before(this->kBase + 700).value();
  EXPECT_TRUE(found.damaged);
  EXPECT_EQ(found.entry, this->entry(6));
}

TYPED_TEST(SegmentIndexTest, ASoundIndexIsNotDamaged) {
  this->write(9);
  SegmentIndex index = this->open();
  for (std::uint32_t n = 0; n <= 10; ++n) EXPECT_FALSE(index.at_or_before(this->kBase + 100 * n).value().damaged) << n;
}

TYPED_TEST(SegmentIndexTest, AStepGoesToTheLastEntryWithinReach) {
  this->write(6);
  SegmentIndex index = this->open();
  EXPECT_FALSE(index.step(0, 0, 10'000, this->kBase + 10'000)) << "it is not known yet how many there are";
  index.load(100'000).value();
  this->add(index, 7, 9);
  const auto step = [&](std::uint64_t next, std::uint64_t position, std::size_t bytes, std::int64_t limit = 100'000) {
    const auto found = index.step(next, position, bytes, this->kBase + limit);
    return found ? std::pair(found->entry.position, found->next) : std::pair(0U, std::uint64_t{0});
  };
  EXPECT_EQ(step(0, 0, 3500), std::pair(3000U, std::uint64_t{3}));
  EXPECT_EQ(step(2, 2000, 2000), std::pair(4000U, std::uint64_t{4}));
  EXPECT_EQ(step(1, 3000, 2000), std::pair(5000U, std::uint64_t{5})) << "those before are passed over";
  EXPECT_EQ(step(3, 3000, 1), std::pair(4000U, std::uint64_t{4})) << "one at least";
  EXPECT_EQ(step(3, 3000, 10'000), std::pair(6000U, std::uint64_t{6})) << "no further than the file";
  EXPECT_EQ(step(6, 6000, 2500), std::pair(8000U, std::uint64_t{8}));
  EXPECT_EQ(step(3, 3000, 10'000, 500), std::pair(5000U, std::uint64_t{5}));
  EXPECT_EQ(step(3, 3000, 10'000, 399), std::pair(0U, std::uint64_t{0}));
  EXPECT_EQ(step(9, 9000, 10'000), std::pair(0U, std::uint64_t{0}));
}

TYPED_TEST(SegmentIndexTest, AStepEndsBeforeADamagedEntry) {
  this->write(9);
  SegmentIndex index = this->open();
  index.load(100'000).value();
  flip_byte(this->fs(), this->path(), this->position_of(4));
  EXPECT_EQ(index.step(0, 0, 10'000, this->kBase + 10'000)->entry, this->entry(3));
  EXPECT_FALSE(index.step(3, 3000, 10'000, this->kBase + 10'000));
}

TYPED_TEST(SegmentIndexTest, ReplacingLeavesTheSameFile) {
  this->write(9);
  const Bytes before = contents_of(this->fs(), this->path());
  SegmentIndex index = this->open();
  std::vector<IndexEntry> entries;
  for (std::uint32_t n = 1; n <= 9; ++n) entries.push_back(this->entry(n));
  flip_byte(this->fs(), this->path(), this->position_of(5));
  index.replace(entries).value();
  EXPECT_EQ(contents_of(this->fs(), this->path()), before);
  this->expect_lookups(index);
}

TYPED_TEST(SegmentIndexTest, ALookUpDoesNotWaitForASync) {
  CountingFileSystem counts(this->fs());
  SegmentIndex index(std::make_shared<OpenFiles>(counts, 1), this->path(), this->kBase);
  this->add(index, 1, 9);
  index.flush().value();
  std::unique_lock gate(counts.sync_gate());
  std::thread syncing([&] { index.sync().value(); });
  counts.syncing().wait(0);
  EXPECT_EQ(index.at_or_before(this->kBase + 799).value().entry, this->entry(7));
  this->add(index, 10, 10);
  gate.unlock();
  syncing.join();
}

TEST(SegmentIndexEntry, EveryDamagedBitIsNoticed) {
  Bytes bytes(kIndexEntryBytes);
  encode_index_entry({7, 70000, 1'700'000'000'000}, bytes.data());
  EXPECT_EQ(decode_index_entry(bytes).value(), (IndexEntry{7, 70000, 1'700'000'000'000}));
  for (std::size_t bit = 0; bit < kIndexEntryBytes * 8; ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    EXPECT_EQ(error_of(decode_index_entry(damaged)), Errc::corruption) << bit;
  }
}

TEST(SegmentIndexEntry, ZerosAreNone) { EXPECT_EQ(error_of(decode_index_entry(Bytes(kIndexEntryBytes))), Errc::corruption); }

TEST(SegmentIndexFile, HasTheDocumentedBytes) {
  FakeDisk disk;
  SegmentIndex index(std::make_shared<OpenFiles>(disk.fs, 1), disk.root() / "i", Offset(1000));
  index.add({700, 65'890, 1'700'000'000'000});
  index.flush().value();
  EXPECT_EQ(hex(contents_of(disk.fs, disk.root() / "i")), hex(worked_example("index")));
}

class SegmentIndexFaults : public SegmentIndexTest<FakeDisk> {
 protected:
  std::unique_ptr<simulation::SimulatedDisk> without_power() {
    return disk_.fs.crash(simulation::CrashChoice::lose_everything_unsynced());
  }
  void make_durable() {
    fs().open(path(), {}).value()->sync().value();
    fs().sync_directory("/").value();
    fs().sync_directory(FakeDisk::root()).value();
  }
};

TEST_F(SegmentIndexFaults, WithoutWaitingNoFileIsOpened) {
  write(9);
  SegmentIndex index = open();
  EXPECT_EQ(error_of(index.at_or_before(kBase + 100, ReadMode::cached_only)), Errc::would_block);
  index.at_or_before(kBase + 100).value();
  EXPECT_EQ(index.at_or_before(kBase + 100, ReadMode::cached_only).value().entry, entry(1));
  add(index, 10, 10);
  EXPECT_EQ(index.at_or_before(kBase + 1000, ReadMode::cached_only).value().entry, entry(10));
}

TEST_F(SegmentIndexFaults, DroppedEntriesStayDroppedAfterAPowerLoss) {
  write(9);
  make_durable();
  open().load(4000).value();
  const auto after = without_power();
  EXPECT_EQ(SegmentIndex(std::make_shared<OpenFiles>(*after, 1), path(), kBase).load(1'000'000).value(), entry(3));
}

TEST_F(SegmentIndexFaults, EntriesBehindADamagedHeaderStayDroppedAfterAPowerLoss) {
  write(9);
  flip_byte(fs(), path(), 0);
  make_durable();
  (void)open().load(1'000'000).value();
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto after = disk_.fs.crash(simulation::CrashChoice::random(seed));
    EXPECT_EQ(SegmentIndex(std::make_shared<OpenFiles>(*after, 1), path(), kBase).load(1'000'000).value(), std::nullopt) << seed;
  }
}

TEST_F(SegmentIndexFaults, EntriesThatCannotBeFlushedStayInMemory) {
  SegmentIndex index = open();
  add(index, 1, 9);
  disk_.fs.fail_operation(1, Errc::storage_full, false);
  EXPECT_EQ(error_of(index.flush()), Errc::storage_full);
  expect_lookups(index);
  index.flush().value();
  expect_lookups(index);
}

}  // namespace
}  // namespace leat::storage
