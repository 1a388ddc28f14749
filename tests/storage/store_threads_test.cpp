// What the threads tell; what the steps that they call do to a disk is store_test's and the simulation's.
#include "storage/store_threads.hpp"

#include <gtest/gtest.h>

#include <future>

#include "store_fixture.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kReserveBytes = 1000;

/// The real disk, with as much room as the test says.
class RoomyFileSystem final : public FileSystem {
 public:
  std::atomic<std::uint64_t> free_bytes{kReserveBytes};
  std::atomic<bool> checkpoint_fits{true};

  Result<Space> space(const Path&) override { return Space{free_bytes.load(), 1U << 30}; }
  Result<std::unique_ptr<File>> open(const Path& path, const OpenOptions& options) override {
    if (!checkpoint_fits && path.filename() == "checkpoint.tmp") return Error(Errc::storage_full, path.string());
    return disk_.open(path, options);
  }
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

struct RoomyDisk {
  simulation::TemporaryDirectory directory;
  RoomyFileSystem fs;
  [[nodiscard]] Path root() const { return directory.path(); }
};

/// Keeps the first time it is told that batches are refused, and the first time that they are accepted again.
class Listener final : public CommitListener {
 public:
  void on_durable(const CommitGroup& group) override {
    durable_batches += group.batches.size();
    durable_batches.notify_all();
  }
  void on_written(const CommitGroup&) override {}
  void on_failed(const Error&) override { failed = true; }
  void on_maintenance_error(const Error&) override {}
  void on_full(bool full, const Space& space) override { (full ? refusing : accepting).set_value(space); }

  void wait_for_durable(std::size_t batches) {
    for (std::size_t now = durable_batches; now < batches && !failed; now = durable_batches) durable_batches.wait(now);
  }

  std::atomic<std::size_t> durable_batches{0};
  std::promise<Space> refusing;
  std::promise<Space> accepting;
  std::atomic<bool> failed{false};
};

class StoreThreadsTest : public StoreFixture<RoomyDisk> {
 protected:
  static constexpr MaintenanceOptions kRestless{.tick = std::chrono::milliseconds(1)};
  Listener listener_;
};

TEST_F(StoreThreadsTest, TellWhenBatchesAreRefusedForWantOfRoomAndWhenNoLonger) {
  options_.disk_reserve_bytes = kReserveBytes;
  kill();
  open();
  const StoreThreads threads(*store_, listener_, kRestless);
  disk_.fs.free_bytes = kReserveBytes - 1;
  EXPECT_EQ(listener_.refusing.get_future().get().free_bytes, kReserveBytes - 1);
  EXPECT_TRUE(store_->queue().full());
  disk_.fs.free_bytes = kReserveBytes;
  EXPECT_EQ(listener_.accepting.get_future().get().free_bytes, kReserveBytes);
  EXPECT_FALSE(store_->queue().full());
}

TEST_F(StoreThreadsTest, AJournalOfOneFileGoesOnWithoutWaitingForATick) {
  static constexpr MaintenanceOptions kNeverByItself{.tick = std::chrono::hours(24)};
  create();
  std::size_t sent = 0;
  while (send(next_batch(3000)).has_value()) ++sent;
  ASSERT_GT(sent * 6000, options_.journal.file_bytes);
  for (int i = 0; i < 20; ++i) {
    {
      const StoreThreads threads(*store_, listener_, kNeverByItself);
      listener_.wait_for_durable(sent);
    }
    ASSERT_EQ(store_->journal().files(), 1U);
    reopen_after_kill();
    expect_intact(model_.next_offset());
    while (send(next_batch(3000)).has_value()) ++sent;
  }
}

TEST_F(StoreThreadsTest, EndAlthoughTheJournalHasNoRoomForAllGroupsAndLeaveTheRestToTheClose) {
  create();
  while (send(next_batch(3000)).has_value()) {
  }
  disk_.fs.checkpoint_fits = false;
  { const StoreThreads threads(*store_, listener_, kRestless); }
  EXPECT_FALSE(listener_.failed);
  EXPECT_LT(log().durable_end(), model_.next_offset());
  disk_.fs.checkpoint_fits = true;
  reopen_after_close();
  expect_intact(model_.next_offset());
}

}  // namespace
}  // namespace leat::storage
