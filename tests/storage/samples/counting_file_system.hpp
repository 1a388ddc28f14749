#pragma once

#include <atomic>
#include <mutex>

#include "storage/io/file_system.hpp"

namespace leat::storage {

/// Passes everything on and counts the files that are open, and what was done to each. Outlives the files it opened.
class CountingFileSystem final : public FileSystem {
 public:
  explicit CountingFileSystem(FileSystem& disk) : disk_(disk) {}

  [[nodiscard]] int open_now() const { return open_now_; }
  /// At any moment so far.
  [[nodiscard]] int open_at_most() const { return open_at_most_; }
  [[nodiscard]] int opened() const { return opened_; }
  [[nodiscard]] int reads() const { return reads_; }
  [[nodiscard]] int syncs() const { return syncs_; }
  /// Files that were closed with writes that no sync had covered.
  [[nodiscard]] int closed_unsynced() const { return closed_unsynced_; }
  /// Syncs wait while this is held.
  [[nodiscard]] std::mutex& sync_gate() { return sync_gate_; }
  [[nodiscard]] std::atomic<int>& syncing() { return syncing_; }
  /// As if there were no descriptors left.
  std::atomic<bool> refuses_opens{false};

  Result<std::unique_ptr<File>> open(const Path& path, const OpenOptions& options) override {
    if (refuses_opens) return Error(Errc::storage_full, "open " + path.string());
    LEAT_ASSIGN(auto file, disk_.open(path, options));
    return std::unique_ptr<File>(std::make_unique<Counted>(*this, std::move(file)));
  }
  Result<void> rename(const Path& from, const Path& to) override { return disk_.rename(from, to); }
  Result<void> remove_file(const Path& path) override { return disk_.remove_file(path); }
  Result<void> remove_tree(const Path& path) override { return disk_.remove_tree(path); }
  Result<void> create_directories(const Path& path) override { return disk_.create_directories(path); }
  Result<void> sync_directory(const Path& path) override { return disk_.sync_directory(path); }
  Result<std::vector<DirectoryEntry>> list(const Path& directory) override { return disk_.list(directory); }
  Result<bool> exists(const Path& path) override { return disk_.exists(path); }
  Result<Space> space(const Path& path) override { return disk_.space(path); }
  Result<std::unique_ptr<DirectoryLock>> lock(const Path& directory) override { return disk_.lock(directory); }

 private:
  class Counted final : public File {
   public:
    Counted(CountingFileSystem& counts, std::unique_ptr<File> file) : counts_(counts), file_(std::move(file)) {
      ++counts_.opened_;
      const int now = ++counts_.open_now_;
      int most = counts_.open_at_most_;
      while (most < now && !counts_.open_at_most_.compare_exchange_weak(most, now)) {
      }
    }
    ~Counted() override {
      if (unsynced_) ++counts_.closed_unsynced_;
      --counts_.open_now_;
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

    Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, ReadMode mode) override {
      ++counts_.reads_;
      return file_->read_at(at, into, mode);
    }
    Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) override {
      unsynced_ = true;
      return file_->write_at(at, pieces);
    }
    Result<void> sync() override {
      ++counts_.syncs_;
      ++counts_.syncing_;
      counts_.syncing_.notify_all();
      const std::lock_guard gate(counts_.sync_gate_);
      auto synced = file_->sync();
      if (synced.has_value()) unsynced_ = false;
      return synced;
    }
    Result<std::uint64_t> size() override { return file_->size(); }
    Result<TimestampMs> modified_ms() override { return file_->modified_ms(); }
    Result<void> truncate(std::uint64_t bytes) override {
      unsynced_ = true;
      return file_->truncate(bytes);
    }
    [[nodiscard]] const Path& path() const override { return file_->path(); }

   private:
    CountingFileSystem& counts_;
    std::unique_ptr<File> file_;
    std::atomic<bool> unsynced_{false};
  };

  FileSystem& disk_;
  std::atomic<int> open_now_{0};
  std::atomic<int> open_at_most_{0};
  std::atomic<int> opened_{0};
  std::atomic<int> reads_{0};
  std::atomic<int> syncs_{0};
  std::atomic<int> closed_unsynced_{0};
  std::atomic<int> syncing_{0};
  std::mutex sync_gate_;
};

}  // namespace leat::storage
