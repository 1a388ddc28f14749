#include <gmock/gmock.h>

#include "simulation/simulated_disk_fixture.hpp"

namespace leat::simulation {
namespace {

using testing::ElementsAre;
using Existence = storage::OpenOptions::Existence;

TEST_F(SimulatedDiskTest, TheNthOperationFailsOnce) {
  auto file = create_durable("/d/a", "");
  disk.fail_operation(1, Errc::io_error, false);
  EXPECT_TRUE(try_write(*file, 0, "0"));
  const auto failed = try_write(*file, 0, "1");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().context, "write /d/a: injected fault");
  EXPECT_TRUE(try_write(*file, 0, "2"));
}

TEST_F(SimulatedDiskTest, AFaultForGoodEndsOnlyWhenCleared) {
  auto file = create_durable("/d/a", "x");
  disk.fail_operation(0, Errc::storage_full, true);
  EXPECT_EQ(try_write(*file, 0, "1").error().code, Errc::storage_full);
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(disk.rename("/d/a", "/d/b"));
  EXPECT_FALSE(disk.remove_file("/d/a"));
  EXPECT_FALSE(disk.open("/d/c", {.existence = Existence::either}));
  EXPECT_FALSE(disk.exists("/d/c").value());
  EXPECT_EQ(contents(disk, "/d/a").size(), 1U);
  disk.clear_fault();
  EXPECT_TRUE(try_write(*file, 0, "2"));
}

TEST_F(SimulatedDiskTest, AFaultSetByTheHookMeetsTheOperationAboutToHappen) {
  auto file = create_durable("/d/a", "x");
  disk.on_operation([&](std::uint64_t, std::string_view name) {
    if (name == "sync") disk.fail_operation(0, Errc::io_error, false);
  });
  EXPECT_TRUE(try_write(*file, 0, "y"));
  EXPECT_FALSE(file->sync());
}

TEST_F(SimulatedDiskTest, AFailedWriteLeavesAPrefix) {
  std::set<std::size_t> lengths;
  for (std::size_t i = 0; i < 50; ++i) {
    auto file = open("/d/" + std::to_string(i));
    disk.fail_operation(0, Errc::io_error, false);
    EXPECT_FALSE(try_write(*file, 0, "0123456789"));
    const std::string left = contents(disk, file->path());
    EXPECT_EQ(left, std::string("0123456789").substr(0, left.size()));
    lengths.insert(left.size());
  }
  EXPECT_GT(lengths.size(), 5U);
}

TEST_F(SimulatedDiskTest, AFailedDirectWriteLeavesAnySectors) {
  std::set<std::string> found;
  for (int i = 0; i < 50; ++i) {
    auto file = open("/d/" + std::to_string(i), true);
    ASSERT_TRUE(write_direct(*file, 0, 4096, 'o'));
    disk.fail_operation(0, Errc::io_error, false);
    EXPECT_FALSE(write_direct(*file, 0, 4096, 'n'));
    found.insert(contents(disk, file->path()));
  }
  EXPECT_GT(found.size(), 20U);
}

TEST_F(SimulatedDiskTest, WhatAFailedSyncCoveredIsLostEvenIfALaterSyncSucceeds) {
  auto file = create_durable("/d/a", "oooo");
  write(*file, 0, "x");
  disk.fail_operation(0, Errc::io_error, false);
  EXPECT_FALSE(file->sync());
  write(*file, 3, "y");
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(contents(disk, "/d/a"), "xooy");
  EXPECT_EQ(after_keeping_all("/d/a"), "xooy");
  EXPECT_EQ(after_losing_all("/d/a"), "oooy");
  EXPECT_THAT(possible("/d/a"), ElementsAre("oooy"));
}

TEST_F(SimulatedDiskTest, NamesThatAFailedDirectorySyncCoveredAreLost) {
  open("/d/a");
  disk.fail_operation(0, Errc::io_error, false);
  EXPECT_FALSE(disk.sync_directory("/d"));
  open("/d/b");
  ASSERT_TRUE(disk.sync_directory("/d"));
  EXPECT_TRUE(disk.exists("/d/a").value());
  EXPECT_THAT(possible("/d/a"), ElementsAre("(none)"));
  EXPECT_THAT(possible("/d/b"), ElementsAre(""));
}

TEST_F(SimulatedDiskTest, AFullDiskTakesWhatFits) {
  disk.set_space(8192, 1 << 20);
  auto file = open("/d/a");
  const auto written = try_write(*file, 100, std::string(20000, 'x'));
  EXPECT_EQ(written.error().code, Errc::storage_full);
  EXPECT_EQ(file->size().value(), 8192U);
  EXPECT_EQ(disk.space("/").value().free_bytes, 0U);
  EXPECT_TRUE(try_write(*file, 0, std::string(8192, 'y')));
  EXPECT_EQ(disk.crash(CrashChoice::keep_everything())->space("/").value().free_bytes, 0U);
}

TEST_F(SimulatedDiskTest, RemovingMakesRoom) {
  disk.set_space(4096, 1 << 20);
  write(*open("/d/a"), 0, "x");
  EXPECT_FALSE(try_write(*open("/d/b"), 0, "x"));
  ASSERT_TRUE(disk.remove_file("/d/a"));
  EXPECT_TRUE(try_write(*open("/d/b"), 0, "x"));
  EXPECT_EQ(disk.space("/").value().total_bytes, 1U << 20U);
}

}  // namespace
}  // namespace leat::simulation
