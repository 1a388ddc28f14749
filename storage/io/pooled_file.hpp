#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/io/open_files.hpp"

namespace leat::storage {

class PooledFile;

/// An open file in use: it stays open as long as this lives, and the PooledFile outlives it. A thread holds one at a time;
/// threads that held one and wanted another could wait for each other.
class FileLease {
 public:
  FileLease(FileLease&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
  FileLease& operator=(FileLease&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLease();

  [[nodiscard]] File& operator*() const;
  [[nodiscard]] File* operator->() const { return &**this; }

 private:
  friend class PooledFile;
  explicit FileLease(PooledFile& file) : file_(&file) {}

  PooledFile* file_;
};

/// A file by its path: opened when it is used, closed when others need its place among the OpenFiles more. Knows whether
/// everything written through it was synced, and closes it for want of room only then. Once a sync has failed, this and every
/// later one fails: nothing is known of what was written. Any thread, as File says.
class PooledFile final : private File {
 public:
  PooledFile(std::shared_ptr<OpenFiles> files, Path path) : files_(std::move(files)), path_(std::move(path)) {}
  /// Closes the file as it is: for a file that is removed, or synced, or whose store has failed.
  ~PooledFile() override;
  PooledFile(const PooledFile&) = delete;
  PooledFile& operator=(const PooledFile&) = delete;

  /// Opens it if need be; may wait for a place and for the disk.
  Result<FileLease> open(OpenOptions::Existence existence = OpenOptions::Existence::must_exist);
  /// In ReadMode::cached_only nothing is waited for: would_block when it is not open.
  Result<FileLease> open(ReadMode mode);
  /// Now; it may be closed at any time.
  [[nodiscard]] bool is_open();
  /// A descriptor of the open file for those who send from it, the same for all of them as long as one has it. Null when the file
  /// is not open, or when as many others are shared as may be.
  std::shared_ptr<const FileDescriptor> share();
  /// Makes durable what was written through this; a closed file has nothing left to sync.
  Result<void> sync_written();
  /// File's hint, if it is open.
  void start_write_back_written();

  [[nodiscard]] const Path& path() const override { return path_; }

 private:
  friend class FileLease;
  friend class OpenFiles;

  // File, for who holds a lease
  Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, ReadMode mode) override;
  Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) override;
  Result<void> sync() override;
  void start_write_back() override;
  Result<std::uint64_t> size() override;
  Result<TimestampMs> modified_ms() override;
  Result<void> truncate(std::uint64_t bytes) override;

  std::optional<FileLease> lease_if_open();
  void give_back();
  void let_go();
  bool in_use();
  /// Behind a write, so that a sync beside it does not count as one that covers it. A failed write may have written as well.
  void note_write();

  // OpenFiles', which holds its mutex: the file, when nobody uses it or has used it since the last call.
  std::unique_ptr<File> take_if_idle();
  PooledFile* hold_if_idle();
  bool idle();

  const std::shared_ptr<OpenFiles> files_;
  const Path path_;
  std::mutex opening_;  ///< held by the one who opens it
  OpenFiles::Files::iterator place_;
  std::mutex mutex_;  ///< over everything below; never held during a disk operation
  std::unique_ptr<File> file_;
  std::weak_ptr<const FileDescriptor> shared_;
  int users_ = 0;
  bool used_ = false;  ///< since OpenFiles last passed over it
  bool listed_dirty_ = false;
  std::uint64_t writes_ = 0;
  std::uint64_t synced_writes_ = 0;
  std::optional<Error> sync_error_;
};

}  // namespace leat::storage
