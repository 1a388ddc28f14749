#include "storage/journal/journal.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "journal_fixture.hpp"

namespace leat::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Disk>
class JournalTest : public JournalFixture<Disk> {};
TYPED_TEST_SUITE(JournalTest, Disks, DiskNames);

TYPED_TEST(JournalTest, BeginsWithOneFileOfZeros) {
  this->open();
  const Bytes bytes = contents_of(this->fs(), this->file(1));
  EXPECT_EQ(bytes.size(), this->kOptions.file_bytes);
  EXPECT_EQ(decode_journal_file_header(bytes).value(), 1U);
  EXPECT_TRUE(std::all_of(bytes.begin() + 4096, bytes.end(), [](std::byte byte) { return byte == std::byte{0}; }));
}

TYPED_TEST(JournalTest, GroupsLieOneBehindTheOther) {
  this->open();
  this->write(3);
  const Bytes bytes = contents_of(this->fs(), this->file(1));
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(decode_group_header(ByteSpan(bytes).subspan(this->group_at(i))).value().sequence, i + 1);
  }
  EXPECT_EQ(this->journal().written_sequence(), 3U);
}

TYPED_TEST(JournalTest, AGroupTakesAsManyPagesAsItNeeds) {
  this->open();
  this->write_one({.value_bytes = 5000}).value();
  this->write(1);
  const Bytes bytes = contents_of(this->fs(), this->file(1));
  EXPECT_EQ(decode_group_header(ByteSpan(bytes).subspan(this->group_at(2))).value().sequence, 2U);
}

TYPED_TEST(JournalTest, GoesOnInTheNextFileWhenOneIsFull) {
  this->open();
  this->write(3);
  this->add_spare().value();
  this->write_one({.value_bytes = 5000}).value();
  const Bytes second = contents_of(this->fs(), this->file(2));
  EXPECT_EQ(decode_group_header(ByteSpan(second).subspan(this->group_at(0))).value().sequence, 4U);
  EXPECT_EQ(this->journal().full_files(), 1U);
}

TYPED_TEST(JournalTest, IsFullWhenEveryFileIsStillNeeded) {
  this->open();
  this->write(4);
  EXPECT_EQ(error_of(this->write_one()), Errc::journal_full);
  EXPECT_EQ(this->journal().written_sequence(), 4U);
}

TYPED_TEST(JournalTest, TheGroupThatFoundItFullIsWrittenOnceThereIsAFile) {
  this->open();
  this->write(4);
  EXPECT_EQ(error_of(this->write_one()), Errc::journal_full);
  EXPECT_TRUE(this->add_spare().value());
  EXPECT_TRUE(this->write_staged());
  EXPECT_EQ(this->read_back().value(), (Sequences{1, 2, 3, 4, 5}));
}

TYPED_TEST(JournalTest, AFileFoundFullIsRecycledEvenIfThereIsNoOther) {
  this->open();
  for (std::uint64_t round = 1; round <= 3; ++round) {
    while (this->write_one().has_value()) {
    }
    EXPECT_EQ(this->journal().full_files(), 1U);
    this->journal().recycle(this->journal().written_sequence());
    EXPECT_EQ(this->journal().free_files(), 1U);
    ASSERT_TRUE(this->write_staged()) << round;
    const std::uint64_t first = round * this->kGroupsPerFile + 1;
    EXPECT_EQ(this->read_back(1, first).value(), (Sequences{first}));
  }
  EXPECT_EQ(this->journal().files(), 1U);
}

TYPED_TEST(JournalTest, AFileIsRecycledWhenAllOfItIsInTheSegments) {
  this->open();
  this->write_adding_files(5);
  this->journal().recycle(3);
  EXPECT_EQ(this->journal().free_files(), 0U);
  EXPECT_EQ(this->journal().full_files(), 1U);
  this->journal().recycle(4);
  EXPECT_EQ(this->journal().free_files(), 1U);
  EXPECT_EQ(this->journal().full_files(), 0U);
}

TYPED_TEST(JournalTest, TheFileBeingFilledIsNeverRecycled) {
  this->open();
  this->write(2);
  this->journal().recycle(2);
  this->write(2);
  EXPECT_EQ(this->read_back().value(), (Sequences{1, 2, 3, 4}));
}

TYPED_TEST(JournalTest, RecycledFilesAreWrittenAgainForEver) {
  this->open_two_files();
  for (std::uint64_t i = 2; i <= 40; ++i) {
    this->write(1);
    this->journal().recycle(i);
  }
  EXPECT_EQ(this->journal().files(), 2U);
  EXPECT_EQ(this->read_back(1, 40).value().back(), 40U);
}

TYPED_TEST(JournalTest, ASpareIsAddedOnlyWhenThereIsNone) {
  this->open();
  EXPECT_FALSE(this->add_spare().value());
  this->write(1);
  EXPECT_TRUE(this->add_spare().value());
  EXPECT_FALSE(this->add_spare().value());
  EXPECT_EQ(this->journal().files(), 2U);
}

TYPED_TEST(JournalTest, NoSpareIsAddedBeyondTheMaximum) {
  this->open();
  this->write_adding_files(12);
  EXPECT_EQ(this->journal().files(), 3U);
  EXPECT_FALSE(this->add_spare().value());
  EXPECT_EQ(error_of(this->write_one()), Errc::journal_full);
}

TYPED_TEST(JournalTest, AFileThatNoCheckpointNamesIsNotWritten) {
  this->open();
  this->write(4);
  EXPECT_TRUE(this->journal().add_spare().value());
  EXPECT_EQ(this->journal().free_files(), 0U);
  EXPECT_EQ(error_of(this->write_one()), Errc::journal_full);
  this->journal().note_recorded({this->kOptions.file_bytes, {1}});
  EXPECT_EQ(error_of(this->write_staged()), Errc::journal_full);
  this->journal().note_recorded({this->kOptions.file_bytes, {1, 2}});
  EXPECT_TRUE(this->write_staged());
}

TYPED_TEST(JournalTest, ReopeningTakesTheFilesOver) {
  this->open(1);
  this->write_adding_files(9);
  Journal& again = this->open(2);
  EXPECT_EQ(again.files(), 3U);
  EXPECT_EQ(again.free_files(), 3U);
  EXPECT_EQ(again.written_sequence(), 0U);
}

TYPED_TEST(JournalTest, ReopeningWritesTheHeadersOfTheFilesAgain) {
  this->open(1);
  this->write_adding_files(9);
  flip_byte(this->fs(), this->file(1), 0);
  overwrite(this->fs(), this->file(2), 0, ByteSpan(contents_of(this->fs(), this->file(3))).first(kJournalFileHeaderBytes));
  this->open(2);
  this->write(1);
  EXPECT_EQ(this->read_back(2).value(), (Sequences{1}));
}

TYPED_TEST(JournalTest, FilesOfAnotherSizeAreReplaced) {
  this->open(1);
  this->write_adding_files(9);
  JournalOptions larger = this->kOptions;
  larger.file_bytes *= 2;
  EXPECT_EQ(this->open(2, larger).files(), 1U);
  EXPECT_EQ(contents_of(this->fs(), this->file(1)).size(), larger.file_bytes);
}

TYPED_TEST(JournalTest, FilesBeyondTheMaximumAreRemoved) {
  this->open(1);
  this->write_adding_files(9);
  JournalOptions fewer = this->kOptions;
  fewer.files_max = 2;
  EXPECT_EQ(this->open(2, fewer).files(), 2U);
  EXPECT_FALSE(this->fs().exists(this->file(3)).value());
}

TYPED_TEST(JournalTest, UnfinishedFilesAreRemovedAndOthersLeftAlone) {
  set_contents(this->fs(), this->directory() / "journal-00000004.tmp", as_bytes("half"));
  set_contents(this->fs(), this->directory() / "journal-of-a-person", as_bytes("dear diary"));
  EXPECT_EQ(this->open().files(), 1U);
  EXPECT_FALSE(this->fs().exists(this->directory() / "journal-00000004.tmp").value());
  EXPECT_TRUE(this->fs().exists(this->directory() / "journal-of-a-person").value());
}

TEST(JournalFiles, AreNamedWithEightDigits) {
  EXPECT_EQ(journal_file_name(7), "journal-00000007");
  EXPECT_EQ(journal_file_name(123456789), "journal-123456789");
}

TEST(JournalFiles, AreListedByNumber) {
  FakeDisk disk;
  for (const std::uint64_t number : {20U, 3U, 100000000U}) {
    set_contents(disk.fs, disk.root() / journal_file_name(number), as_bytes("x"));
  }
  EXPECT_THAT(list_journal_files(disk.fs, disk.root()).value(), ElementsAre(3, 20, 100000000));
}

TEST(JournalFiles, AreKnownByTheNamesThatTheyWereGivenOnly) {
  FakeDisk disk;
  for (const char* name : {"journal-00000001", "journal-1", "journal-000000001", "journal-0100000000", "journal-"}) {
    set_contents(disk.fs, disk.root() / name, as_bytes("x"));
  }
  EXPECT_THAT(list_journal_files(disk.fs, disk.root()).value(), ElementsAre(1));
}

class JournalFaults : public JournalFixture<FakeDisk> {
 protected:
  void lose_power() {
    const auto after = disk_.fs.crash(simulation::CrashChoice::lose_everything_unsynced());
    auto reader = JournalReader::open(*after, directory(), recorded(), 1, 1);
    while (const auto group = reader.value().next().value()) survived_.push_back(group->sequence);
  }
  Sequences survived_;
};

TEST_F(JournalFaults, AWrittenGroupSurvivesAPowerLoss) {
  open();
  write_adding_files(6);
  // The journal's own directory has a name since the data directory was synced; here the test is its own opener.
  fs().sync_directory("/").value();
  fs().sync_directory(FakeDisk::root()).value();
  lose_power();
  EXPECT_EQ(survived_, (Sequences{1, 2, 3, 4, 5, 6}));
}

TEST_F(JournalFaults, AFailedWriteIsNotCountedWhateverItLeft) {
  open();
  write(1);
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(error_of(write_one()), Errc::io_error);
  EXPECT_EQ(journal().written_sequence(), 1U);
  EXPECT_EQ(read_back().value().front(), 1U);
}

TEST_F(JournalFaults, APowerLossDuringTheFirstWriteToARecycledFileLosesNothingThatIsNeeded) {
  open();
  write(4);
  fs().sync_directory("/").value();
  fs().sync_directory(FakeDisk::root()).value();
  EXPECT_EQ(error_of(write_one({.value_bytes = 5000})), Errc::journal_full);
  journal().recycle(4);
  int crashes = 0;
  disk_.fs.on_operation([&](std::uint64_t, std::string_view) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const auto after = disk_.fs.crash(simulation::CrashChoice::random(seed));
      auto reader = JournalReader::open(*after, directory(), recorded(), 1, 5);
      ASSERT_TRUE(reader) << seed;
      auto group = reader->next();
      while (group && *group) group = reader->next();
      EXPECT_TRUE(group) << seed;
      ++crashes;
    }
  });
  write_staged().value();
  disk_.fs.on_operation(nullptr);
  EXPECT_GE(crashes, 50);
  EXPECT_EQ(read_back(1, 5).value(), (Sequences{5}));
}

TEST_F(JournalFaults, AFileThatCannotBeCreatedIsTriedAgain) {
  open();
  write(1);
  for (std::uint64_t operation = 0;; ++operation) {
    disk_.fs.fail_operation(operation, Errc::storage_full, false);
    const auto added = add_spare();
    disk_.fs.clear_fault();
    if (added.has_value()) break;
    // What a directory holds that could not be synced is not known, even if it was for want of room.
    EXPECT_TRUE(error_of(added) == Errc::storage_full || error_of(added) == Errc::io_error) << operation;
  }
  write(7);
  EXPECT_EQ(read_back().value(), (Sequences{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(JournalFaults, ACrashWhileAFileIsCreatedNeverLeavesHalfAFile) {
  open();
  write(1);
  fs().sync_directory("/").value();
  fs().sync_directory(FakeDisk::root()).value();
  int crashes = 0;
  disk_.fs.on_operation([&](std::uint64_t index, std::string_view name) {
    const auto after = disk_.fs.crash(simulation::CrashChoice::random(index));
    EXPECT_TRUE(JournalReader::open(*after, directory(), recorded(), 1, 1)) << name;
    EXPECT_TRUE(Journal::open(*after, directory(), kOptions, 2)) << name;
    ++crashes;
  });
  EXPECT_TRUE(add_spare().value());
  EXPECT_GT(crashes, 4);
}

}  // namespace
}  // namespace leat::storage
