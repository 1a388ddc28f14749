#include "storage/log/log_recovery.hpp"

#include <gmock/gmock.h>

#include "samples/disks.hpp"

namespace leat::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A partition's directory with segments of batches of one record each.
template <class Disk>
class LogRecoveryTest : public testing::Test {
 protected:
  LogRecoveryTest() { fs().create_directories(directory()).value(); }

  FileSystem& fs() { return disk_.fs; }
  Path directory() { return disk_.root() / "0"; }
  Path log_file(std::int64_t base) { return directory() / segment_file_name(Offset(base)); }
  Path index_file(std::int64_t base) { return directory() / index_file_name(Offset(base)); }

  void write(std::int64_t base, int count, bool sealed, const BatchShape& shape = {}) {
    auto appender = SegmentAppender::create(files_, read_blocks_, directory(), Offset(base)).value();
    for (const Bytes& batch : make_batches(Offset(base), count, shape)) appender.append(placed({batch})).value();
    if (sealed) return std::move(appender).seal().value();
    appender.segment()->index().flush().value();
  }
  void write_sealed(std::int64_t base, int count, const BatchShape& shape = {}) { write(base, count, true, shape); }
  void write_open(std::int64_t base, int count, const BatchShape& shape = {}) { write(base, count, false, shape); }
  static std::uint64_t bytes_of(int batches, const BatchShape& shape = {}) {
    return joined(make_batches(Offset(0), batches, shape)).size();
  }

  /// The checkpoint vouches for what is before `offset`, all of it in batches of this shape from the segment's base on.
  void vouch_for(std::int64_t offset, std::int64_t segment_base, const BatchShape& shape = {}) {
    point_.offset = Offset(offset);
    point_.segment_base = Offset(segment_base);
    point_.position = bytes_of(static_cast<int>(offset - segment_base), shape);
  }
  Result<RecoveredLog> try_recover(bool after_crash = true) {
    return recover_log(files_, read_blocks_, producers_, directory(), point_, 1'700'000'000'000, after_crash);
  }
  RecoveredLog recover() { return try_recover().value(); }
  static std::vector<std::int64_t> bases(const RecoveredLog& log) {
    std::vector<std::int64_t> bases;
    for (const auto& segment : log.segments) bases.push_back(segment->base_offset().value());
    return bases;
  }
  void expect_corruption(const std::string& what) {
    const auto result = try_recover();
    EXPECT_EQ(error_of(result), Errc::corruption);
    EXPECT_THAT(message_of(result), HasSubstr(what));
    EXPECT_THAT(message_of(result), HasSubstr(directory().string()));
  }

  Disk disk_;
  std::shared_ptr<OpenFiles> files_ = std::make_shared<OpenFiles>(disk_.fs, 2);
  std::shared_ptr<BlockPool> read_blocks_ = std::make_shared<BlockPool>(64 << 10, 4);
  std::shared_ptr<ProducerRegistry> producers_ = std::make_shared<ProducerRegistry>(100);
  RecoveryPoint point_;
};
TYPED_TEST_SUITE(LogRecoveryTest, Disks, DiskNames);

constexpr BatchShape kLarge{.value_bytes = 40 << 10};

TYPED_TEST(LogRecoveryTest, AnEmptyDirectoryIsAnEmptyLog) {
  const RecoveredLog log = this->recover();
  EXPECT_EQ(log.next_offset, Offset(0));
  EXPECT_THAT(this->bases(log), ElementsAre(0));
  EXPECT_TRUE(this->fs().exists(this->log_file(0)).value());
}

TYPED_TEST(LogRecoveryTest, WhatWasWrittenAfterTheCheckpointIsKept) {
  this->write_open(0, 10);
  this->vouch_for(4, 0);
  const RecoveredLog log = this->recover();
  EXPECT_EQ(log.next_offset, Offset(10));
  EXPECT_EQ(log.appender->segment()->end().position, this->bytes_of(10));
}

TYPED_TEST(LogRecoveryTest, ATornTailIsCutAtAnyByte) {
  for (std::uint64_t bytes = this->bytes_of(10) - 1; bytes > this->bytes_of(9); --bytes) {
    this->write_open(0, 10);
    cut(this->fs(), this->log_file(0), bytes);
    this->vouch_for(9, 0);
    EXPECT_EQ(this->recover().next_offset, Offset(9)) << bytes;
    EXPECT_EQ(contents_of(this->fs(), this->log_file(0)).size(), this->bytes_of(9)) << bytes;
  }
}

TYPED_TEST(LogRecoveryTest, WhatLiesBehindDamageAfterTheCheckpointIsCutToo) {
  this->write_open(0, 10);
  this->vouch_for(4, 0);
  flip_byte(this->fs(), this->log_file(0), this->bytes_of(6) + 65);
  EXPECT_EQ(this->recover().next_offset, Offset(6));
  EXPECT_EQ(contents_of(this->fs(), this->log_file(0)).size(), this->bytes_of(6));
}

TYPED_TEST(LogRecoveryTest, DamageBeforeTheCheckpointIsCorruptionAndNothingIsChanged) {
  this->write_open(0, 10);
  this->vouch_for(4, 0);
  flip_byte(this->fs(), this->log_file(0), this->bytes_of(3) + 65);
  const Bytes before = contents_of(this->fs(), this->log_file(0));
  this->expect_corruption("00000000000000000000.log is damaged at byte " + std::to_string(this->bytes_of(3)));
  EXPECT_EQ(contents_of(this->fs(), this->log_file(0)), before);
}

TYPED_TEST(LogRecoveryTest, AVouchedSegmentThatIsTooShortIsCorruption) {
  this->write_open(0, 10);
  this->vouch_for(10, 0);
  cut(this->fs(), this->log_file(0), this->bytes_of(10) - 1);
  this->expect_corruption("were synced");
  EXPECT_EQ(contents_of(this->fs(), this->log_file(0)).size(), this->bytes_of(10) - 1);
}

TYPED_TEST(LogRecoveryTest, AVouchedSegmentThatIsMissingIsCorruption) {
  this->vouch_for(4, 0);
  this->expect_corruption("segment 00000000000000000000.log is missing");
  this->write_sealed(0, 5);
  this->vouch_for(7, 5);
  this->expect_corruption("segment 00000000000000000005.log is missing");
}

TYPED_TEST(LogRecoveryTest, AMissingSegmentInTheMiddleIsCorruption) {
  this->write_sealed(0, 5);
  this->write_open(10, 5);
  this->vouch_for(12, 10);
  this->expect_corruption("00000000000000000000.log ends at offset 5, the next begins at 10");
}

TYPED_TEST(LogRecoveryTest, AMissingFirstSegmentIsCorruption) {
  this->write_open(5, 5);
  this->vouch_for(7, 5);
  this->expect_corruption("segments before 00000000000000000005.log are missing");
}

TYPED_TEST(LogRecoveryTest, ASealedSegmentThatWasCutIsCorruption) {
  this->write_sealed(0, 5);
  this->write_open(5, 5);
  this->vouch_for(7, 5);
  cut(this->fs(), this->log_file(0), this->bytes_of(5) - 1);
  this->expect_corruption("00000000000000000000.log ends at offset 4");
}

TYPED_TEST(LogRecoveryTest, SegmentsRolledSinceTheCheckpointAreScanned) {
  this->write_sealed(0, 5);
  this->write_sealed(5, 5);
  this->write_open(10, 5);
  this->vouch_for(3, 0);
  const RecoveredLog log = this->recover();
  EXPECT_THAT(this->bases(log), ElementsAre(0, 5, 10));
  EXPECT_EQ(log.next_offset, Offset(15));
}

TYPED_TEST(LogRecoveryTest, AStaleRolledSegmentBehindATornOneIsRemoved) {
  this->write_open(0, 5);
  this->write_sealed(5, 5);
  this->vouch_for(3, 0);
  cut(this->fs(), this->log_file(0), this->bytes_of(5) - 1);
  const RecoveredLog log = this->recover();
  EXPECT_THAT(this->bases(log), ElementsAre(0));
  EXPECT_EQ(log.next_offset, Offset(4));
  EXPECT_FALSE(this->fs().exists(this->log_file(5)).value());
  EXPECT_FALSE(this->fs().exists(this->index_file(5)).value());
}

TYPED_TEST(LogRecoveryTest, ARolledSegmentThatDoesNotContinueIsRemoved) {
  this->write_open(0, 4);
  this->write_open(5, 5);
  this->vouch_for(3, 0);
  EXPECT_EQ(this->recover().next_offset, Offset(4));
  EXPECT_FALSE(this->fs().exists(this->log_file(5)).value());
}

TYPED_TEST(LogRecoveryTest, TheSegmentOfThePointMayBeMissingWhileItIsEmpty) {
  this->write_sealed(0, 5);
  this->vouch_for(5, 5);
  const RecoveredLog log = this->recover();
  EXPECT_THAT(this->bases(log), ElementsAre(0, 5));
  EXPECT_EQ(log.next_offset, Offset(5));
}

TYPED_TEST(LogRecoveryTest, OffsetsOfDeletedRecordsAreNotGivenAgain) {
  this->vouch_for(10, 10);
  this->point_.log_start = Offset(10);
  const RecoveredLog log = this->recover();
  EXPECT_EQ(log.next_offset, Offset(10));
  EXPECT_EQ(log.log_start, Offset(10));
}

TYPED_TEST(LogRecoveryTest, SegmentsBeforeTheLogStartAreRemoved) {
  this->write_sealed(0, 5);
  this->write_sealed(5, 5);
  this->write_open(10, 5);
  this->vouch_for(12, 10);
  this->point_.log_start = Offset(7);
  EXPECT_THAT(this->bases(this->recover()), ElementsAre(5, 10));
  EXPECT_FALSE(this->fs().exists(this->log_file(0)).value());
  EXPECT_FALSE(this->fs().exists(this->index_file(0)).value());
}

TYPED_TEST(LogRecoveryTest, ALostIndexIsRebuilt) {
  this->write_sealed(0, 9, kLarge);
  this->write_open(9, 1);
  this->vouch_for(10, 9);
  const Bytes index = contents_of(this->fs(), this->index_file(0));
  this->fs().remove_file(this->index_file(0)).value();
  EXPECT_EQ(this->recover().next_offset, Offset(10));
  EXPECT_EQ(contents_of(this->fs(), this->index_file(0)), index);
}

TYPED_TEST(LogRecoveryTest, AnIndexThatDoesNotEndWithItsSegmentIsRebuilt) {
  this->write_sealed(0, 9, kLarge);
  this->write_open(9, 1);
  this->vouch_for(10, 9);
  const Bytes index = contents_of(this->fs(), this->index_file(0));
  for (std::uint64_t bytes = 0; bytes < index.size(); ++bytes) {
    cut(this->fs(), this->index_file(0), bytes);
    EXPECT_EQ(this->recover().next_offset, Offset(10)) << bytes;
    ASSERT_EQ(contents_of(this->fs(), this->index_file(0)), index) << bytes;
  }
}

TYPED_TEST(LogRecoveryTest, ASealedSegmentWithASoundIndexIsNotRead) {
  this->write_sealed(0, 9, kLarge);
  this->write_open(9, 1);
  this->vouch_for(10, 9);
  flip_byte(this->fs(), this->log_file(0), 1000);
  EXPECT_EQ(this->recover().next_offset, Offset(10));
}

TYPED_TEST(LogRecoveryTest, TheScanBeginsAtTheLastIndexEntryBeforeThePoint) {
  this->write_open(0, 9, kLarge);
  this->vouch_for(9, 0, kLarge);
  flip_byte(this->fs(), this->log_file(0), this->bytes_of(7, kLarge) + 1000);
  EXPECT_EQ(this->recover().next_offset, Offset(9));
  flip_byte(this->fs(), this->log_file(0), this->bytes_of(8, kLarge) + 1000);
  this->expect_corruption("is damaged at byte " + std::to_string(this->bytes_of(8, kLarge)));
}

TYPED_TEST(LogRecoveryTest, IndexEntriesBehindThePointAreMadeAnew) {
  this->write_open(0, 9, kLarge);
  const Bytes index = contents_of(this->fs(), this->index_file(0));
  this->vouch_for(4, 0, kLarge);
  flip_byte(this->fs(), this->index_file(0), index.size() - 24);
  RecoveredLog log = this->recover();
  EXPECT_EQ(log.next_offset, Offset(9));
  log.appender->segment()->index().flush().value();
  EXPECT_EQ(contents_of(this->fs(), this->index_file(0)), index);
}

TYPED_TEST(LogRecoveryTest, TheRecoveredLogGoesOn) {
  this->write_open(0, 4);
  this->vouch_for(4, 0);
  RecoveredLog log = this->recover();
  log.appender->append(placed({make_batch(Offset(4))})).value();
  EXPECT_EQ(contents_of(this->fs(), this->log_file(0)), joined(make_batches(Offset(0), 5)));
}

TYPED_TEST(LogRecoveryTest, OtherFilesAreLeftAlone) {
  set_contents(this->fs(), this->directory() / "notes.txt", as_bytes("mine"));
  this->recover();
  EXPECT_TRUE(this->fs().exists(this->directory() / "notes.txt").value());
}

TYPED_TEST(LogRecoveryTest, ProducersAreThoseOfTheCheckpointAndOfWhatWasScanned) {
  const Bytes before = make_batch(Offset(0), {.stamp = {ProducerId(7), 0, 0}});
  const Bytes after = make_batch(Offset(1), {.stamp = {ProducerId(8), 0, 40}});
  set_contents(this->fs(), this->log_file(0), joined({before, after}));
  this->point_.offset = Offset(1);
  this->point_.position = before.size();
  this->point_.producers.push_back({ProducerId(9), 0, 1'700'000'000'000, {{0, 4, Offset(0)}}});
  const RecoveredLog log = this->recover();
  EXPECT_EQ(log.producers.size(), 2U);
  EXPECT_EQ(log.producers.check(header_of(after)).value(), Offset(1));
  EXPECT_EQ(error_of(log.producers.check(header_of(make_batch(Offset(2), {.stamp = {ProducerId(9), 0, 6}})))),
            Errc::out_of_order_sequence);
}

class LogRecoveryFaults : public LogRecoveryTest<FakeDisk> {};

TEST_F(LogRecoveryFaults, AFailingDiskIsAnErrorAndTheNextAttemptRecovers) {
  std::uint64_t operation = 0;
  for (bool failed = true; failed; ++operation) {
    write_open(0, 5);
    write_sealed(5, 5);
    write_open(10, 5);
    cut(fs(), log_file(5), bytes_of(5) - 1);
    vouch_for(3, 0);
    disk_.fs.fail_operation(operation, Errc::io_error, false);
    const auto result = try_recover();
    disk_.fs.clear_fault();
    failed = result.has_error();
    if (failed) {
      EXPECT_EQ(error_of(result), Errc::io_error) << operation;
    }
    EXPECT_EQ(recover().next_offset, Offset(9)) << operation;
  }
  EXPECT_GT(operation, 3U);
}

TEST_F(LogRecoveryFaults, ACrashDuringRecoveryIsRecoveredFrom) {
  write_open(0, 5);
  write_sealed(5, 5);
  write_open(10, 5);
  vouch_for(5, 0);
  for (const std::int64_t base : {0, 5, 10}) fs().open(log_file(base), {}).value()->sync().value();
  for (const Path& path : {Path("/"), FakeDisk::root(), directory()}) fs().sync_directory(path).value();
  flip_byte(fs(), log_file(5), bytes_of(4) + 65);
  fs().open(log_file(5), {}).value()->sync().value();
  int crashes = 0;
  disk_.fs.on_operation([&](std::uint64_t index, std::string_view name) {
    const auto after = disk_.fs.crash(simulation::CrashChoice::random(index));
    const auto again = recover_log(std::make_shared<OpenFiles>(*after, 1), read_blocks_, producers_, directory(), point_,
                                   1'700'000'000'000, true);
    EXPECT_TRUE(again) << name << ": " << message_of(again);
    if (again) {
      EXPECT_EQ(again->next_offset, Offset(9));
    }
    ++crashes;
  });
  EXPECT_EQ(recover().next_offset, Offset(9));
  EXPECT_GT(crashes, 3);
}

}  // namespace
}  // namespace leat::storage
