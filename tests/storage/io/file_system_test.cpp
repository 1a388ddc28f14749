// The contract of storage::FileSystem, held against the real disk and the simulated one.
#include "storage/io/file_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/base/clock.hpp"
#include "samples/disks.hpp"
#include "storage/io/aligned_buffer.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;
using Existence = OpenOptions::Existence;

template <class Disk>
class FileSystemContract : public testing::Test {
 protected:
  FileSystem& fs() { return disk_.fs; }
  Path at(const std::string& name) { return disk_.root() / name; }
  std::unique_ptr<File> open(const std::string& name, Existence existence = Existence::either) {
    return fs().open(at(name), {.existence = existence}).value();
  }
  static void write(File& file, std::uint64_t position, std::string_view text) {
    const ByteSpan piece = as_bytes(text);
    file.write_at(FilePosition(position), {&piece, 1}).value();
  }
  std::unique_ptr<File> create(const std::string& name, std::string_view text) {
    auto file = open(name);
    write(*file, 0, text);
    return file;
  }
  static std::string read(File& file, std::uint64_t position, std::size_t size) {
    std::string text(size, '?');
    text.resize(file.read_at(FilePosition(position), std::as_writable_bytes(std::span(text))).value());
    return text;
  }
  std::string contents(const std::string& name) { return std::string(as_text(read_file(fs(), at(name), 1 << 20).value())); }
  std::vector<std::string> names(const std::string& directory = "") {
    std::vector<std::string> names;
    for (const auto& entry : fs().list(at(directory)).value()) names.push_back(entry.name + (entry.is_directory ? "/" : ""));
    return names;
  }
  AlignedBuffer filled(std::size_t size, char with) {
    AlignedBuffer buffer(size);
    std::ranges::fill(buffer.span(), std::byte(with));
    return buffer;
  }

 private:
  Disk disk_;
};

TYPED_TEST_SUITE(FileSystemContract, Disks, DiskNames);

TYPED_TEST(FileSystemContract, WhatWasWrittenIsRead) {
  auto file = this->create("a", "hello, leat");
  EXPECT_EQ(this->read(*file, 7, 4), "leat");
  EXPECT_EQ(file->size().value(), 11U);
  EXPECT_EQ(file->path(), this->at("a"));
}

TYPED_TEST(FileSystemContract, AWriteIsTheTimeOfTheLastModification) {
  constexpr TimestampMs kClockGrainMs = 1000;
  const TimestampMs before = SystemClock().wall_ms() - kClockGrainMs;
  auto file = this->create("a", "0123456789");
  const TimestampMs written = file->modified_ms().value();
  EXPECT_GE(written, before);
  this->read(*file, 0, 4);
  EXPECT_EQ(file->modified_ms().value(), written);
}

TYPED_TEST(FileSystemContract, ReadsAreShortOnlyAtTheEnd) {
  auto file = this->create("a", "0123456789");
  EXPECT_EQ(this->read(*file, 8, 100), "89");
  EXPECT_EQ(this->read(*file, 10, 100), "");
  EXPECT_EQ(this->read(*file, 5000, 1), "");
  EXPECT_EQ(this->read(*file, 3, 0), "");
}

TYPED_TEST(FileSystemContract, OverwritingKeepsWhatIsBeside) {
  auto file = this->create("a", "0123456789");
  this->write(*file, 3, "xyz");
  EXPECT_EQ(this->contents("a"), "012xyz6789");
}

TYPED_TEST(FileSystemContract, AGapReadsAsZeros) {
  auto file = this->create("a", "x");
  this->write(*file, 9000, "y");
  EXPECT_EQ(this->contents("a"), "x" + std::string(8999, '\0') + "y");
}

TYPED_TEST(FileSystemContract, PiecesAreWrittenOneAfterTheOther) {
  auto file = this->open("a");
  const std::vector<ByteSpan> pieces{as_bytes("one "), {}, as_bytes("two "), as_bytes("three"), {}};
  ASSERT_TRUE(file->write_at(FilePosition(2), pieces));
  EXPECT_EQ(this->contents("a"), std::string(2, '\0') + "one two three");
}

TYPED_TEST(FileSystemContract, MorePiecesThanOneSystemCallTakes) {
  auto file = this->open("a");
  std::string expected;
  for (int i = 0; i < 5000; ++i) expected += std::to_string(i) + ",";
  std::vector<ByteSpan> pieces;
  for (std::size_t i = 0; i < expected.size(); i += 3) pieces.push_back(as_bytes(std::string_view(expected).substr(i, 3)));
  ASSERT_GT(pieces.size(), 2048U);
  ASSERT_TRUE(file->write_at(FilePosition(0), pieces));
  EXPECT_EQ(this->contents("a"), expected);
}

TYPED_TEST(FileSystemContract, WritingNothingChangesNothing) {
  auto file = this->create("a", "x");
  const std::vector<ByteSpan> pieces{{}, {}};
  EXPECT_TRUE(file->write_at(FilePosition(100), pieces));
  EXPECT_TRUE(file->write_at(FilePosition(100), {}));
  EXPECT_EQ(file->size().value(), 1U);
}

TYPED_TEST(FileSystemContract, TruncatingCutsAndGrowingAgainReadsZeros) {
  auto file = this->create("a", std::string(6000, 'x'));
  ASSERT_TRUE(file->truncate(4));
  EXPECT_EQ(file->size().value(), 4U);
  ASSERT_TRUE(file->truncate(6000));
  EXPECT_EQ(this->contents("a"), "xxxx" + std::string(5996, '\0'));
}

TYPED_TEST(FileSystemContract, CachedReadsAreWholeOrWouldBlock) {
  auto file = this->create("a", "0123456789");
  std::string text(4, '?');
  const auto count = file->read_at(FilePosition(2), std::as_writable_bytes(std::span(text)), ReadMode::cached_only);
  if (count) {
    EXPECT_EQ(count.value(), 4U);
    EXPECT_EQ(text, "2345");
  } else {
    EXPECT_EQ(count.error().code, Errc::would_block);
  }
}

TYPED_TEST(FileSystemContract, CachedReadsBeyondTheEndAreEmpty) {
  auto file = this->create("a", "x");
  std::byte byte{};
  EXPECT_EQ(file->read_at(FilePosition(10), {&byte, 1}, ReadMode::cached_only).value(), 0U);
}

TYPED_TEST(FileSystemContract, SyncingSucceeds) {
  auto file = this->create("a", "x");
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(this->fs().sync_directory(this->at("")));
  EXPECT_EQ(this->contents("a"), "x");
}

TYPED_TEST(FileSystemContract, OpeningWhatIsMissingNamesItAndSaysWhy) {
  const auto file = this->fs().open(this->at("missing"), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::io_error);
  EXPECT_EQ(file.error().context, "open " + this->at("missing").string() + ": No such file or directory");
}

TYPED_TEST(FileSystemContract, OpeningInAMissingDirectoryFails) {
  const auto file = this->fs().open(this->at("no/file"), {.existence = Existence::either});
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().context, HasSubstr("No such file or directory"));
}

TYPED_TEST(FileSystemContract, OpeningADirectoryFails) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d")));
  EXPECT_FALSE(this->fs().open(this->at("d"), {.existence = Existence::either}));
  EXPECT_FALSE(this->fs().open(this->at("d"), {.read_only = true}));
}

TYPED_TEST(FileSystemContract, MustNotExistRefusesWhatExists) {
  this->open("a", Existence::must_not_exist);
  const auto again = this->fs().open(this->at("a"), {.existence = Existence::must_not_exist});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().context, "open " + this->at("a").string() + ": File exists");
}

TYPED_TEST(FileSystemContract, OpeningAnExistingFileKeepsItsContents) {
  this->create("a", "kept");
  this->open("a", Existence::either);
  EXPECT_EQ(this->read(*this->open("a", Existence::must_exist), 0, 10), "kept");
}

TYPED_TEST(FileSystemContract, ReadOnlyFilesRefuseChanges) {
  this->create("a", "x");
  auto file = this->fs().open(this->at("a"), {.read_only = true}).value();
  const ByteSpan piece = as_bytes("y");
  EXPECT_EQ(file->write_at(FilePosition(0), {&piece, 1}).error().code, Errc::io_error);
  EXPECT_EQ(file->truncate(0).error().code, Errc::io_error);
  EXPECT_EQ(this->contents("a"), "x");
}

TYPED_TEST(FileSystemContract, RenamingReplacesTheOtherFile) {
  this->create("new", "new");
  this->create("old", "old");
  ASSERT_TRUE(this->fs().rename(this->at("new"), this->at("old")));
  EXPECT_EQ(this->contents("old"), "new");
  EXPECT_THAT(this->names(), UnorderedElementsAre("old"));
}

TYPED_TEST(FileSystemContract, RenamingAFileToItselfKeepsIt) {
  this->create("a", "x");
  ASSERT_TRUE(this->fs().rename(this->at("a"), this->at("a")));
  EXPECT_EQ(this->contents("a"), "x");
}

TYPED_TEST(FileSystemContract, RenamingADirectoryTakesItsFilesAlong) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d")));
  this->create("d/a", "x");
  ASSERT_TRUE(this->fs().rename(this->at("d"), this->at("e")));
  EXPECT_EQ(this->contents("e/a"), "x");
  EXPECT_FALSE(this->fs().exists(this->at("d")).value());
}

TYPED_TEST(FileSystemContract, RenamingThatCannotBeFails) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d/sub")));
  this->create("a", "x");
  EXPECT_FALSE(this->fs().rename(this->at("missing"), this->at("b")));
  EXPECT_FALSE(this->fs().rename(this->at("a"), this->at("d")));
  EXPECT_FALSE(this->fs().rename(this->at("d"), this->at("a")));
  EXPECT_FALSE(this->fs().rename(this->at("d"), this->at("d/sub/d")));
  EXPECT_FALSE(this->fs().rename(this->at("a"), this->at("no/a")));
  EXPECT_THAT(this->names(), UnorderedElementsAre("a", "d/"));
}

TYPED_TEST(FileSystemContract, AnOpenFileStaysUsableWhenItsNameIsGone) {
  auto file = this->create("a", "still here");
  ASSERT_TRUE(this->fs().remove_file(this->at("a")));
  this->create("a", "other");
  EXPECT_EQ(this->read(*file, 0, 20), "still here");
}

TYPED_TEST(FileSystemContract, RemovingAFileTakesOnlyFiles) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d")));
  this->create("a", "x");
  EXPECT_TRUE(this->fs().remove_file(this->at("a")));
  EXPECT_FALSE(this->fs().remove_file(this->at("a")));
  EXPECT_FALSE(this->fs().remove_file(this->at("d")));
  EXPECT_THAT(this->names(), UnorderedElementsAre("d/"));
}

TYPED_TEST(FileSystemContract, RemovingATreeTakesAllBelowIt) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d/e/f")));
  this->create("d/a", "x");
  this->create("d/e/b", "x");
  this->create("kept", "x");
  EXPECT_TRUE(this->fs().remove_tree(this->at("d")));
  EXPECT_TRUE(this->fs().remove_tree(this->at("d")));
  EXPECT_THAT(this->names(), UnorderedElementsAre("kept"));
}

TYPED_TEST(FileSystemContract, DirectoriesAreCreatedWithTheirParents) {
  EXPECT_TRUE(this->fs().create_directories(this->at("x/y/z")));
  EXPECT_TRUE(this->fs().create_directories(this->at("x/y/z")));
  EXPECT_THAT(this->names("x/y"), UnorderedElementsAre("z/"));
}

TYPED_TEST(FileSystemContract, DirectoriesCannotTakeAFilesPlace) {
  this->create("a", "x");
  EXPECT_FALSE(this->fs().create_directories(this->at("a")));
  EXPECT_FALSE(this->fs().create_directories(this->at("a/b")));
}

TYPED_TEST(FileSystemContract, ListingTellsFilesFromDirectories) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d")));
  this->create("a", "x");
  EXPECT_THAT(this->names(), UnorderedElementsAre("a", "d/"));
  EXPECT_TRUE(this->names("d").empty());
}

TYPED_TEST(FileSystemContract, ListingAndSyncingWantADirectory) {
  this->create("a", "x");
  EXPECT_FALSE(this->fs().list(this->at("missing")));
  EXPECT_FALSE(this->fs().list(this->at("a")));
  EXPECT_FALSE(this->fs().sync_directory(this->at("missing")));
  EXPECT_FALSE(this->fs().sync_directory(this->at("a")));
}

TYPED_TEST(FileSystemContract, ExistenceIsOfFilesAndDirectories) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d")));
  this->create("a", "x");
  EXPECT_TRUE(this->fs().exists(this->at("a")).value());
  EXPECT_TRUE(this->fs().exists(this->at("d")).value());
  EXPECT_FALSE(this->fs().exists(this->at("b")).value());
  EXPECT_FALSE(this->fs().exists(this->at("d/a")).value());
}

TYPED_TEST(FileSystemContract, SpaceIsOfTheDiskThePathIsOn) {
  const auto space = this->fs().space(this->at("")).value();
  EXPECT_GT(space.total_bytes, 0U);
  EXPECT_LE(space.free_bytes, space.total_bytes);
  EXPECT_FALSE(this->fs().space(this->at("missing")));
}

TYPED_TEST(FileSystemContract, ADirectoryIsLockedByOneHolder) {
  auto lock = this->fs().lock(this->at("")).value();
  const auto second = this->fs().lock(this->at(""));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::data_dir_in_use);
  EXPECT_THAT(second.error().context, HasSubstr(this->at("").string()));
  lock.reset();
  EXPECT_TRUE(this->fs().lock(this->at("")));
}

TYPED_TEST(FileSystemContract, LocksOfTwoDirectoriesAreIndependent) {
  ASSERT_TRUE(this->fs().create_directories(this->at("d")));
  const auto lock = this->fs().lock(this->at("")).value();
  EXPECT_TRUE(this->fs().lock(this->at("d")));
}

TYPED_TEST(FileSystemContract, ALockKnowsWhenItsDirectoryWasMovedOrReplaced) {
  this->fs().create_directories(this->at("d")).value();
  const auto lock = this->fs().lock(this->at("d")).value();
  EXPECT_TRUE(lock->check_place());
  this->fs().rename(this->at("d"), this->at("e")).value();
  const auto moved = lock->check_place();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::io_error);
  EXPECT_THAT(moved.error().context, HasSubstr(this->at("d").string() + " is no longer the directory"));
  this->fs().create_directories(this->at("d")).value();
  EXPECT_FALSE(lock->check_place());
  this->fs().remove_tree(this->at("d")).value();
  this->fs().rename(this->at("e"), this->at("d")).value();
  EXPECT_TRUE(lock->check_place());
}

TYPED_TEST(FileSystemContract, AMissingDirectoryCannotBeLocked) {
  EXPECT_EQ(this->fs().lock(this->at("missing")).error().code, Errc::io_error);
}

TYPED_TEST(FileSystemContract, DirectFilesRoundTrip) {
  auto file = this->fs().open(this->at("a"), {.existence = Existence::must_not_exist, .direct_sync = true}).value();
  const AlignedBuffer a = this->filled(4096, 'a');
  const AlignedBuffer b = this->filled(8192, 'b');
  ASSERT_TRUE(file->write_at(FilePosition(4096), std::vector<ByteSpan>{a.span(), b.span()}));
  AlignedBuffer back(20480);
  ASSERT_EQ(file->read_at(FilePosition(0), back.span()).value(), 16384U);
  EXPECT_EQ(as_text(back.span().first(16384)), std::string(4096, '\0') + std::string(4096, 'a') + std::string(8192, 'b'));
}

TYPED_TEST(FileSystemContract, DirectReadsEndWhereAnUnalignedFileEnds) {
  this->create("a", std::string(5000, 'x'));
  auto file = this->fs().open(this->at("a"), {.read_only = true, .direct_sync = true}).value();
  AlignedBuffer back(16384);
  EXPECT_EQ(file->read_at(FilePosition(0), back.span()).value(), 5000U);
}

TYPED_TEST(FileSystemContract, DirectAndBufferedFilesSeeEachOther) {
  auto buffered = this->create("a", std::string(8192, 'x'));
  auto direct = this->fs().open(this->at("a"), {.direct_sync = true}).value();
  const AlignedBuffer page = this->filled(4096, 'd');
  ASSERT_TRUE(direct->write_at(FilePosition(4096), std::vector<ByteSpan>{page.span()}));
  EXPECT_EQ(this->contents("a"), std::string(4096, 'x') + std::string(4096, 'd'));
}

TYPED_TEST(FileSystemContract, DirectFilesAssertAlignment) {
  auto file = this->fs().open(this->at("a"), {.existence = Existence::either, .direct_sync = true}).value();
  AlignedBuffer buffer(8192);
  const auto write = [&](std::uint64_t at, ByteSpan piece) {
    return file->write_at(FilePosition(at), std::vector<ByteSpan>{piece});
  };
  EXPECT_DEATH((void)write(512, buffer.span()), "assertion failed");
  EXPECT_DEATH((void)write(0, buffer.span().first(512)), "assertion failed");
  EXPECT_DEATH((void)write(0, buffer.span().subspan(512, 4096)), "assertion failed");
  EXPECT_DEATH((void)file->read_at(FilePosition(1), buffer.span()), "assertion failed");
}

TYPED_TEST(FileSystemContract, ReadingAWholeFileIsBounded) {
  this->create("a", "12345");
  EXPECT_EQ(as_text(read_file(this->fs(), this->at("a"), 5).value()), "12345");
  const auto refused = read_file(this->fs(), this->at("a"), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::corruption);
  EXPECT_THAT(refused.error().context, HasSubstr(this->at("a").string()));
}

TYPED_TEST(FileSystemContract, ReadingAMissingFileIsAnIoError) {
  EXPECT_EQ(read_file(this->fs(), this->at("a"), 4).error().code, Errc::io_error);
}

TYPED_TEST(FileSystemContract, ReplacingAFileLeavesNothingElseBehind) {
  this->create("a.tmp", "a longer one from before a crash");
  ASSERT_TRUE(replace_file(this->fs(), this->at("a"), as_bytes("first")));
  ASSERT_TRUE(replace_file(this->fs(), this->at("a"), as_bytes("2nd")));
  EXPECT_EQ(this->contents("a"), "2nd");
  EXPECT_THAT(this->names(), UnorderedElementsAre("a"));
}

TYPED_TEST(FileSystemContract, AFileIsReplacedByAnEmptyOne) {
  ASSERT_TRUE(replace_file(this->fs(), this->at("a"), as_bytes("first")));
  ASSERT_TRUE(replace_file(this->fs(), this->at("a"), {}));
  EXPECT_EQ(this->contents("a"), "");
}

}  // namespace
}  // namespace leat::storage
