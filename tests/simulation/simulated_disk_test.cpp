#include "simulation/simulated_disk.hpp"

#include <gmock/gmock.h>

#include "simulation/simulated_disk_fixture.hpp"

namespace leat::simulation {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST_F(SimulatedDiskTest, UnsyncedWritesVanishWithAllThatIsUnsynced) {
  auto file = create_durable("/d/a", "old");
  write(*file, 0, "newer");
  EXPECT_EQ(after_losing_all("/d/a"), "old");
  EXPECT_EQ(contents(disk, "/d/a"), "newer");
}

TEST_F(SimulatedDiskTest, UnsyncedWritesSurviveTheDeathOfTheProcessAndAreStillUnsynced) {
  auto file = create_durable("/d/a", "old");
  write(*file, 0, "newer");
  const auto killed = disk.crash(CrashChoice::keep_everything());
  EXPECT_EQ(contents(*killed, "/d/a"), "newer");
  EXPECT_EQ(contents(*killed->crash(CrashChoice::lose_everything_unsynced()), "/d/a"), "old");
}

TEST_F(SimulatedDiskTest, SyncedContentsSurviveEveryCrash) {
  create_durable("/d/a", "synced");
  EXPECT_THAT(possible("/d/a"), ElementsAre("synced"));
  EXPECT_EQ(after_losing_all("/d/a"), "synced");
}

TEST_F(SimulatedDiskTest, ASyncedFileWithAnUnsyncedNameMayVanish) {
  auto file = open("/d/a");
  write(*file, 0, "synced");
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(possible("/d/a"), UnorderedElementsAre("(none)", "synced"));
  EXPECT_FALSE(disk.crash(CrashChoice::lose_everything_unsynced())->exists("/d/a").value());
  EXPECT_EQ(after_keeping_all("/d/a"), "synced");
}

TEST_F(SimulatedDiskTest, AnUnsyncedDirectoryTakesItsFilesAlong) {
  ASSERT_TRUE(disk.create_directories("/d/new"));
  create_durable("/d/new/a", "synced");
  EXPECT_THAT(possible("/d/new/a"), UnorderedElementsAre("(none)", "synced"));
}

TEST_F(SimulatedDiskTest, CrashedDisksAreIndependent) {
  auto file = create_durable("/d/a", "common");
  const auto after = disk.crash(CrashChoice::keep_everything());
  write(*file, 0, "before");
  auto theirs = after->open("/d/a", {}).value();
  write(*theirs, 0, "behind");
  ASSERT_TRUE(after->remove_file("/d/a"));
  EXPECT_EQ(contents(disk, "/d/a"), "before");
  EXPECT_EQ(after->operation_count(), 2U);
}

TEST_F(SimulatedDiskTest, TheSameSeedIsTheSameCrash) {
  auto file = create_durable("/d/a", std::string(10000, 'o'));
  for (std::uint64_t i = 0; i < 20; ++i) write(*file, i * 700, std::string(900, static_cast<char>('a' + i)));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto choice = CrashChoice::random(seed);
    EXPECT_EQ(contents(*disk.crash(choice), "/d/a"), contents(*disk.crash(choice), "/d/a")) << choice.describe();
  }
}

TEST_F(SimulatedDiskTest, EachUnsyncedWriteIsKeptOrLostWhateverItsPlaceInTheOrder) {
  auto file = create_durable("/d/a", "----");
  for (const std::uint64_t at : {0U, 1U, 2U, 3U}) write(*file, at, "x");
  EXPECT_EQ(possible("/d/a").size(), 16U);
}

TEST_F(SimulatedDiskTest, ATornWriteKeepsWholeSectorsOfTheFile) {
  auto file = create_durable("/d/a", std::string(1536, 'o'));
  write(*file, 256, std::string(1024, 'n'));
  std::set<std::string> expected;
  for (unsigned kept = 0; kept < 8; ++kept) {
    std::string text(1536, 'o');
    if ((kept & 1U) != 0) text.replace(256, 256, 256, 'n');
    if ((kept & 2U) != 0) text.replace(512, 512, 512, 'n');
    if ((kept & 4U) != 0) text.replace(1024, 256, 256, 'n');
    expected.insert(text);
  }
  EXPECT_EQ(possible("/d/a"), expected);
}

TEST_F(SimulatedDiskTest, ASizeThatSurvivesWithoutItsDataReadsAsZeros) {
  auto file = create_durable("/d/a", "");
  write(*file, 0, "data");
  EXPECT_THAT(possible("/d/a"), UnorderedElementsAre("", std::string(4, '\0'), "data"));
}

TEST_F(SimulatedDiskTest, TruncationsAreKeptOrLost) {
  auto file = create_durable("/d/a", "0123456789");
  ASSERT_TRUE(file->truncate(4));
  EXPECT_THAT(possible("/d/a"), UnorderedElementsAre("0123", "0123456789"));
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(possible("/d/a"), ElementsAre("0123"));
}

TEST_F(SimulatedDiskTest, ARenameIsDoneOrNot) {
  create_durable("/d/a", "old");
  create_durable("/d/b", "new");
  ASSERT_TRUE(disk.rename("/d/b", "/d/a"));
  EXPECT_THAT(possible("/d/a"), UnorderedElementsAre("old", "new"));
  EXPECT_THAT(possible("/d/b"), UnorderedElementsAre("(none)", "new"));
  ASSERT_TRUE(disk.sync_directory("/d"));
  EXPECT_THAT(possible("/d/a"), ElementsAre("new"));
}

TEST_F(SimulatedDiskTest, AFileNeverHasTwoNames) {
  ASSERT_TRUE(disk.create_directories("/e"));
  ASSERT_TRUE(disk.sync_directory("/"));
  create_durable("/d/a", "x");
  ASSERT_TRUE(disk.rename("/d/a", "/e/b"));
  ASSERT_TRUE(disk.rename("/e/b", "/d/c"));
  for (std::uint64_t seed = 0; seed < kCrashSeeds; ++seed) {
    const auto after = disk.crash(CrashChoice::random(seed));
    EXPECT_EQ(after->list("/d").value().size() + after->list("/e").value().size(), 1U) << "seed " << seed << "\n"
                                                                                       << after->dump();
  }
}

TEST_F(SimulatedDiskTest, SyncingEitherDirectoryOfAMoveMakesItDurable) {
  ASSERT_TRUE(disk.create_directories("/e"));
  ASSERT_TRUE(disk.sync_directory("/"));
  auto file = open("/d/a");
  ASSERT_TRUE(disk.rename("/d/a", "/e/a"));
  ASSERT_TRUE(disk.sync_directory("/e"));
  const auto after = disk.crash(CrashChoice::keep_everything())->crash(CrashChoice::lose_everything_unsynced());
  EXPECT_TRUE(after->list("/d").value().empty());
  EXPECT_EQ(after->list("/e").value().size(), 1U);
}

TEST_F(SimulatedDiskTest, ARemovedFileMayComeBack) {
  create_durable("/d/a", "x");
  ASSERT_TRUE(disk.remove_file("/d/a"));
  EXPECT_THAT(possible("/d/a"), UnorderedElementsAre("(none)", "x"));
  ASSERT_TRUE(disk.sync_directory("/d"));
  EXPECT_THAT(possible("/d/a"), ElementsAre("(none)"));
}

TEST_F(SimulatedDiskTest, ADirectWriteIsDurableOnReturn) {
  auto file = open("/d/a", true);
  ASSERT_TRUE(disk.sync_directory("/d"));
  ASSERT_TRUE(write_direct(*file, 0, 4096, 'x'));
  EXPECT_THAT(possible("/d/a"), ElementsAre(std::string(4096, 'x')));
  EXPECT_EQ(after_losing_all("/d/a"), std::string(4096, 'x'));
}

TEST_F(SimulatedDiskTest, ACrashWithinADirectWriteTearsItIntoSectors) {
  auto file = open("/d/a", true);
  ASSERT_TRUE(write_direct(*file, 0, 4096, 'o'));
  ASSERT_TRUE(disk.sync_directory("/d"));
  std::set<std::string> found;
  disk.on_operation([&](std::uint64_t, std::string_view name) {
    ASSERT_EQ(name, "direct_write");
    found = possible("/d/a");
    EXPECT_EQ(after_losing_all("/d/a"), std::string(4096, 'o'));
    EXPECT_EQ(after_keeping_all("/d/a"), std::string(4096, 'n'));
  });
  ASSERT_TRUE(write_direct(*file, 0, 4096, 'n'));
  EXPECT_GT(found.size(), 30U);
  for (const std::string& text : found) {
    for (std::size_t i = 0; i < text.size(); i += 512) EXPECT_EQ(text.substr(i, 512), std::string(512, text[i]));
  }
}

TEST_F(SimulatedDiskTest, ADirectWriteIsNotUndoneByWhatWasUnsyncedBeforeIt) {
  auto buffered = create_durable("/d/a", std::string(12288, 'o'));
  write(*buffered, 0, std::string(12288, 'u'));
  auto direct = open("/d/a", true);
  ASSERT_TRUE(write_direct(*direct, 4096, 4096, 'd'));
  EXPECT_EQ(contents(disk, "/d/a"), std::string(4096, 'u') + std::string(4096, 'd') + std::string(4096, 'u'));
  EXPECT_EQ(after_losing_all("/d/a"), std::string(4096, 'o') + std::string(4096, 'd') + std::string(4096, 'o'));
  for (const std::string& text : possible("/d/a")) EXPECT_EQ(text.substr(4096, 4096), std::string(4096, 'd'));
}

TEST_F(SimulatedDiskTest, ADirectWriteIsNotCutByATruncationBeforeIt) {
  auto buffered = create_durable("/d/a", std::string(12288, 'o'));
  ASSERT_TRUE(buffered->truncate(0));
  auto direct = open("/d/a", true);
  ASSERT_TRUE(write_direct(*direct, 0, 4096, 'd'));
  EXPECT_THAT(possible("/d/a"), ElementsAre(std::string(4096, 'd')));
}

TEST_F(SimulatedDiskTest, TheOperationAboutToHappenIsInFlight) {
  auto file = create_durable("/d/a", "old");
  std::set<std::string> found;
  disk.on_operation([&](std::uint64_t, std::string_view) { found = possible("/d/a"); });
  write(*file, 0, "new");
  EXPECT_THAT(found, UnorderedElementsAre("old", "new"));
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(found, UnorderedElementsAre("old", "new"));
  ASSERT_TRUE(disk.rename("/d/a", "/d/b"));
  EXPECT_THAT(found, UnorderedElementsAre("(none)", "new"));
}

TEST_F(SimulatedDiskTest, EveryOperationIsAnnouncedWithItsNumber) {
  std::vector<std::string> names;
  const std::uint64_t first = disk.operation_count();
  disk.on_operation([&](std::uint64_t index, std::string_view name) {
    EXPECT_EQ(index, first + names.size());
    EXPECT_EQ(index, disk.operation_count());
    names.emplace_back(name);
  });
  ASSERT_TRUE(disk.create_directories("/d/x/y"));
  auto file = open("/d/x/a");
  write(*file, 0, "x");
  ASSERT_TRUE(file->truncate(0));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(write_direct(*open("/d/x/a", true), 0, 4096, 'x'));
  ASSERT_TRUE(disk.rename("/d/x/a", "/d/x/b"));
  ASSERT_TRUE(disk.sync_directory("/d/x"));
  ASSERT_TRUE(disk.remove_tree("/d/x"));
  EXPECT_THAT(names, ElementsAre("create_directory", "create_directory", "create", "write", "truncate", "sync", "direct_write",
                                 "rename", "sync_directory", "remove", "remove", "remove"));
}

TEST_F(SimulatedDiskTest, CorruptionIsAtRest) {
  create_durable("/d/a", "abc");
  const auto sound = disk.crash(CrashChoice::keep_everything());
  disk.corrupt("/d/a", FilePosition(1), std::byte{1});
  EXPECT_EQ(contents(disk, "/d/a"), "acc");
  EXPECT_EQ(after_losing_all("/d/a"), "acc");
  EXPECT_EQ(contents(*sound, "/d/a"), "abc");
}

TEST_F(SimulatedDiskTest, ACrashReleasesTheLock) {
  const auto lock = disk.lock("/d").value();
  const auto after = disk.crash(CrashChoice::keep_everything());
  EXPECT_TRUE(after->lock("/d"));
  EXPECT_FALSE(disk.lock("/d"));
}

TEST_F(SimulatedDiskTest, TheDumpShowsNamesAndSizes) {
  auto file = create_durable("/d/a", "abc");
  write(*file, 3, "de");
  EXPECT_EQ(disk.dump(), "/d/\n/d/a 5 (durable 3)\n");
}

TEST_F(SimulatedDiskTest, TheHookMayNotOperateOnItsDisk) {
  auto file = open("/d/a");
  disk.on_operation([&](std::uint64_t, std::string_view) { (void)file->sync(); });
  EXPECT_DEATH((void)file->sync(), "assertion failed");
}

}  // namespace
}  // namespace leat::simulation
