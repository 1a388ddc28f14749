#include "storage/io/pooled_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <list>
#include <thread>

#include "samples/counting_file_system.hpp"
#include "samples/disks.hpp"

namespace leat::storage {
namespace {

using Existence = OpenOptions::Existence;

/// Files a, b, c and d that share two places.
template <class Disk>
class PooledFileTest : public testing::Test {
 protected:
  static constexpr int kPlaces = 2;

  PooledFileTest() {
    for (PooledFile* file : {&a_, &b_, &c_, &d_})
      set_contents(disk_.fs, file->path(), as_bytes(file->path().filename().native()));
  }
  Path at(const char* name) { return disk_.root() / name; }
  static std::string read(PooledFile& file) {
    const FileLease lease = file.open().value();
    std::string text(10, '?');
    text.resize(lease->read_at(FilePosition(0), std::as_writable_bytes(std::span(text))).value());
    return text;
  }
  static Result<void> write(PooledFile& file, std::string_view text) {
    LEAT_ASSIGN(const FileLease lease, file.open());
    return lease->write_at(FilePosition(0), std::array{as_bytes(text)});
  }
  static bool is_open(PooledFile& file) { return file.open(ReadMode::cached_only).has_value(); }

  Disk disk_;
  CountingFileSystem counts_{disk_.fs};
  std::shared_ptr<OpenFiles> files_ = std::make_shared<OpenFiles>(counts_, kPlaces);
  PooledFile a_{files_, at("a")};
  PooledFile b_{files_, at("b")};
  PooledFile c_{files_, at("c")};
  PooledFile d_{files_, at("d")};
};
TYPED_TEST_SUITE(PooledFileTest, Disks, DiskNames);

TYPED_TEST(PooledFileTest, IsOpenedWhenItIsUsed) {
  EXPECT_EQ(this->counts_.open_now(), 0);
  EXPECT_EQ(this->read(this->a_), "a");
  EXPECT_EQ(this->counts_.open_now(), 1);
}

TYPED_TEST(PooledFileTest, StaysOpenWhileThereIsRoom) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(this->read(this->a_), "a");
    EXPECT_EQ(this->read(this->b_), "b");
  }
  EXPECT_EQ(this->counts_.opened(), 2);
}

TYPED_TEST(PooledFileTest, NoMoreThanTheBoundAreEverOpen) {
  for (int i = 0; i < 3; ++i) {
    for (PooledFile* file : {&this->a_, &this->b_, &this->c_, &this->d_}) {
      EXPECT_EQ(this->read(*file), file->path().filename().native());
    }
  }
  EXPECT_EQ(this->counts_.open_at_most(), this->kPlaces);
}

TYPED_TEST(PooledFileTest, TheOneUnusedForLongestMakesRoom) {
  this->read(this->a_);
  this->read(this->b_);
  this->read(this->a_);
  this->read(this->c_);
  EXPECT_TRUE(this->is_open(this->a_));
  EXPECT_FALSE(this->is_open(this->b_));
}

TYPED_TEST(PooledFileTest, OneInUseIsNotClosed) {
  const FileLease held = this->a_.open().value();
  for (PooledFile* file : {&this->b_, &this->c_, &this->d_}) this->read(*file);
  EXPECT_EQ(held->size().value(), 1U);
  EXPECT_EQ(this->counts_.open_at_most(), this->kPlaces);
}

TYPED_TEST(PooledFileTest, WhenAllAreInUseTheNextWaits) {
  auto held = std::optional(this->a_.open().value());
  const FileLease other = this->b_.open().value();
  std::thread waiting([this] { EXPECT_EQ(this->read(this->c_), "c"); });
  held.reset();
  waiting.join();
  EXPECT_FALSE(this->is_open(this->a_));
  EXPECT_EQ(this->counts_.open_at_most(), this->kPlaces);
}

TYPED_TEST(PooledFileTest, AnUnsyncedOneIsSyncedBeforeItIsClosed) {
  this->write(this->a_, "A").value();
  this->write(this->b_, "B").value();
  this->read(this->c_);
  this->read(this->d_);
  EXPECT_EQ(this->counts_.closed_unsynced(), 0);
  EXPECT_EQ(this->read(this->a_), "A");
}

TYPED_TEST(PooledFileTest, ASyncedOneMakesRoomFirst) {
  this->write(this->a_, "A").value();
  for (PooledFile* file : {&this->b_, &this->c_, &this->d_, &this->b_}) this->read(*file);
  EXPECT_TRUE(this->is_open(this->a_));
  EXPECT_EQ(this->counts_.syncs(), 0);
}

TYPED_TEST(PooledFileTest, SyncingMakesItASyncedOne) {
  this->write(this->a_, "A").value();
  this->a_.sync_written().value();
  EXPECT_EQ(this->counts_.syncs(), 1);
  for (PooledFile* file : {&this->b_, &this->c_, &this->d_}) this->read(*file);
  EXPECT_FALSE(this->is_open(this->a_));
  EXPECT_EQ(this->counts_.syncs(), 1);
}

TYPED_TEST(PooledFileTest, AClosedOneHasNothingToSync) {
  this->a_.sync_written().value();
  EXPECT_EQ(this->counts_.opened(), 0);
}

TYPED_TEST(PooledFileTest, WithoutWaitingOnlyAnOpenOneIsRead) {
  EXPECT_EQ(error_of(this->a_.open(ReadMode::cached_only)), Errc::would_block);
  this->read(this->a_);
  EXPECT_TRUE(this->a_.open(ReadMode::cached_only).has_value());
}

TYPED_TEST(PooledFileTest, AFailedOpeningTakesNoPlace) {
  PooledFile missing(this->files_, this->at("missing"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(error_of(missing.open()), Errc::io_error);
  EXPECT_EQ(this->read(this->a_), "a");
  EXPECT_TRUE(missing.open(Existence::either).has_value());
}

TYPED_TEST(PooledFileTest, ARemovedOneGivesItsPlaceBack) {
  for (int i = 0; i < 5; ++i) {
    PooledFile passing(this->files_, this->at("a"));
    this->write(passing, "A").value();
  }
  EXPECT_EQ(this->counts_.open_now(), 0);
}

TYPED_TEST(PooledFileTest, ManyThreadsStayWithinTheBound) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      PooledFile* const files[] = {&this->a_, &this->b_, &this->c_, &this->d_};
      for (int i = 0; i < 200; ++i) {
        PooledFile& file = *files[(i + t) % 4];
        EXPECT_EQ(this->read(file), file.path().filename().native());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->counts_.open_at_most(), this->kPlaces);
}

TYPED_TEST(PooledFileTest, OneThatIsNotUsedBetweenTwoSweepsIsClosed) {
  this->write(this->a_, "A").value();
  this->read(this->a_);
  this->read(this->b_);
  this->files_->close_unused();
  EXPECT_TRUE(this->is_open(this->a_));  // which counts as a use
  this->files_->close_unused();
  EXPECT_TRUE(this->is_open(this->a_));
  EXPECT_FALSE(this->is_open(this->b_));
  this->files_->close_unused();
  this->files_->close_unused();
  EXPECT_EQ(this->counts_.open_now(), 0);
  EXPECT_EQ(this->counts_.closed_unsynced(), 0);
  EXPECT_EQ(this->read(this->a_), "A");
}

TYPED_TEST(PooledFileTest, ASweepLeavesWhatIsInUseAndMakesRoomForWhoWaits) {
  const FileLease held = this->a_.open().value();
  this->read(this->b_);
  for (int i = 0; i < 3; ++i) this->files_->close_unused();
  EXPECT_EQ(this->counts_.open_now(), 1);
  EXPECT_EQ(this->read(this->c_), "c");
  EXPECT_EQ(held->size().value(), 1U);
}

TEST(PooledFileShare, IsOneForAllWhoHaveItAndOutlivesTheFile) {
  const RealDisk disk;
  PosixFileSystem fs;
  set_contents(fs, disk.root() / "a", as_bytes(std::string_view("a")));
  const auto files = std::make_shared<OpenFiles>(fs, 2);
  std::shared_ptr<const FileDescriptor> shared;
  {
    PooledFile file(files, disk.root() / "a");
    EXPECT_EQ(file.share(), nullptr) << "it is not open";
    file.open().value();
    shared = file.share();
    ASSERT_NE(shared, nullptr);
    EXPECT_EQ(file.share(), shared);
  }
  char byte = 0;
  EXPECT_EQ(::pread(shared->get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'a');
}

TEST(PooledFileShare, OfARemovedFileIsNotClosedByWhoLetsGoOfIt) {
  const RealDisk disk;
  PosixFileSystem fs;
  const Path path = disk.root() / "a";
  set_contents(fs, path, {});
  const auto files = std::make_shared<OpenFiles>(fs, 2);
  std::shared_ptr<const FileDescriptor> shared;
  {
    PooledFile file(files, path);
    file.open().value();
    shared = file.share();
  }
  fs.remove_file(path).value();
  const int descriptor = shared->get();
  shared = nullptr;
  EXPECT_NE(::fcntl(descriptor, F_GETFD), -1);
  files->close_unused();
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST(PooledFileShare, NoMoreThanTheBoundAreShared) {
  const RealDisk disk;
  PosixFileSystem fs;
  const auto files = std::make_shared<OpenFiles>(fs, OpenFiles::kSharedMax + 1);
  std::list<PooledFile> pooled;
  std::vector<std::shared_ptr<const FileDescriptor>> shared;
  for (int i = 0; i <= OpenFiles::kSharedMax; ++i) {
    const Path path = disk.root() / std::to_string(i);
    set_contents(fs, path, {});
    pooled.emplace_back(files, path).open().value();
    shared.push_back(pooled.back().share());
    EXPECT_EQ(shared.back() != nullptr, i < OpenFiles::kSharedMax);
  }
  shared.front() = nullptr;
  EXPECT_NE(pooled.back().share(), nullptr);
}

class PooledFileFaults : public PooledFileTest<FakeDisk> {};

TEST_F(PooledFileFaults, AFailedWriteMayHaveWrittenAndIsSyncedToo) {
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(error_of(write(a_, "A")), Errc::io_error);
  const FileLease held = b_.open().value();
  read(c_);
  EXPECT_EQ(counts_.closed_unsynced(), 0);
  EXPECT_EQ(counts_.syncs(), 1);
}

TEST_F(PooledFileFaults, AFailedSyncToMakeRoomIsTheFilesForEver) {
  write(a_, "A").value();
  write(b_, "B").value();
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(read(c_), "c");
  EXPECT_EQ(error_of(a_.sync_written()), Errc::io_error);
  EXPECT_EQ(error_of(a_.sync_written()), Errc::io_error);
  write(a_, "AA").value();
  EXPECT_EQ(error_of(a_.sync_written()), Errc::io_error);
  EXPECT_TRUE(b_.sync_written().has_value());
}

TEST_F(PooledFileFaults, AFileWhoseSyncFailedStillMakesRoom) {
  write(a_, "A").value();
  disk_.fs.fail_operation(0, Errc::io_error, false);
  EXPECT_EQ(error_of(a_.sync_written()), Errc::io_error);
  for (PooledFile* file : {&b_, &c_, &d_}) read(*file);
  EXPECT_EQ(counts_.open_at_most(), kPlaces);
}

TEST_F(PooledFileFaults, WhatWasSyncedToMakeRoomSurvivesAPowerLoss) {
  write(a_, "A").value();
  write(b_, "B").value();
  read(c_);
  disk_.fs.sync_directory("/").value();
  disk_.fs.sync_directory(FakeDisk::root()).value();
  const auto after = disk_.fs.crash(simulation::CrashChoice::lose_everything_unsynced());
  EXPECT_EQ(as_text(contents_of(*after, a_.path())), "A");
  EXPECT_EQ(as_text(contents_of(*after, b_.path())), "") << "still open, and not synced";
}

}  // namespace
}  // namespace leat::storage
