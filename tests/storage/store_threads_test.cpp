// What the threads tell; what the steps that they call do to a disk is store_test's and the simulation's.
#include "storage/store_threads.hpp"

#include <gtest/gtest.h>

#include <future>

#include "simulation/temporary_directory.hpp"
#include "storage/io/posix_file_system.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kReserveBytes = 1000;

/// The real disk, with as much room as the test says.
class RoomyFileSystem final : public FileSystem {
 public:
  std::atomic<std::uint64_t> free_bytes{kReserveBytes};

  Result<Space> space(const Path&) override { return Space{free_bytes.load(), 1U << 30}; }
  Result<std::unique_ptr<File>> open(const Path& path, const OpenOptions& options) override { return disk_.open(path, options); }
  Result<void> rename(const Path& from, const Path& to) override { return disk_.rename(from, to); }
  Result<void> remove_file(const Path& path) override { return disk_.remove_file(path); }
  Result<void> remove_tree(const Path& path) override { return disk_.remove_tree(path); }
  Result<void> create_directories(const Path& path) override { return disk_.create_directories(path); }
  Result<void> sync_directory(const Path& path) override { return disk_.sync_directory(path); }
  Result<std::vector<DirectoryEntry>> list(const Path& directory) override { return disk_.list(directory); }
  Result<bool> exists(const Path& path) override { return disk_.exists(path); }
  Result<std::unique_ptr<DirectoryLock>> lock(const Path& directory) override { return disk_.lock(directory); }

 private:
  PosixFileSystem disk_;
};

/// Keeps the first time it is told that batches are refused, and the first time that they are accepted again.
class Listener final : public CommitListener {
 public:
  void on_durable(const CommitGroup&) override {}
  void on_written(const CommitGroup&) override {}
  void on_failed(const Error&) override {}
  void on_maintenance_error(const Error&) override {}
  void on_full(bool full, const Space& space) override { (full ? refusing : accepting).set_value(space); }

  std::promise<Space> refusing;
  std::promise<Space> accepting;
};

TEST(StoreThreads, TellWhenBatchesAreRefusedForWantOfRoomAndWhenNoLonger) {
  const simulation::TemporaryDirectory directory;
  RoomyFileSystem fs;
  SystemClock clock;
  SeededRandom random(1);
  StoreOptions options;
  options.data_dir = directory.path();
  options.journal.file_bytes = 4U << 20;
  options.disk_reserve_bytes = kReserveBytes;
  const auto store = Store::open(fs, clock, random, options).value();
  Listener listener;
  const StoreThreads threads(*store, listener, {.tick = std::chrono::milliseconds(1)});
  fs.free_bytes = kReserveBytes - 1;
  EXPECT_EQ(listener.refusing.get_future().get().free_bytes, kReserveBytes - 1);
  EXPECT_TRUE(store->queue().full());
  fs.free_bytes = kReserveBytes;
  EXPECT_EQ(listener.accepting.get_future().get().free_bytes, kReserveBytes);
  EXPECT_FALSE(store->queue().full());
}

}  // namespace
}  // namespace leat::storage
