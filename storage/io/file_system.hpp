#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "storage/io/file_descriptor.hpp"

namespace leat::storage {

using Path = std::filesystem::path;

/// How a file is opened. Every file can be read and, unless read_only, written.
struct OpenOptions {
  enum class Existence { must_exist, must_not_exist, either };
  Existence existence = Existence::must_exist;
  bool read_only = false;
  /// Writes bypass the page cache and are durable when they return. Positions, sizes and addresses are then multiples of
  /// kDirectAlignment.
  bool direct_sync = false;
};

inline constexpr std::size_t kDirectAlignment = 4096;

enum class ReadMode {
  blocking,
  cached_only,  ///< Errc::would_block rather than wait for the disk
};

/// An open file. Reads and syncs may run on any thread beside each other and beside a write; a sync covers the writes that
/// returned before it began. Writing and truncating are one thread's at a time. Errors: Errc::io_error, or Errc::storage_full
/// when the disk has no room; both name the path.
class File {
 public:
  virtual ~File() = default;

  /// Fills `into` from `at`; the count is short only where the file ends.
  virtual Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, ReadMode mode = ReadMode::blocking) = 0;
  /// Writes the pieces one after the other from `at`, all of them or fails; what a failed write left behind is unknown. In the
  /// page cache on return (durable with direct_sync).
  virtual Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) = 0;
  /// fdatasync: contents and size are durable on return, the directory entry is not (FileSystem::sync_directory). After an error
  /// nothing is known of what was written since the last success: syncing again proves nothing.
  virtual Result<void> sync() = 0;
  /// A hint that sync() follows soon, when other files have been told the same. Waits for nothing, promises nothing.
  virtual void start_write_back() {}
  virtual Result<std::uint64_t> size() = 0;
  /// When it was last written or truncated, by the machine's wall clock then.
  virtual Result<TimestampMs> modified_ms() = 0;
  virtual Result<void> truncate(std::uint64_t bytes) = 0;
  /// Another descriptor of the same open file; none where the system has none to give.
  [[nodiscard]] virtual FileDescriptor duplicate() const { return {}; }

  [[nodiscard]] virtual const Path& path() const = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory;
};

struct Space {
  std::uint64_t free_bytes;  ///< available to this process
  std::uint64_t total_bytes;
};

/// Held while a data directory is in use; released on destruction and by the death of the process.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
  /// io_error when the path it was locked by leads to something else by now: what is written by that path does not belong to
  /// what was written before. Any thread.
  [[nodiscard]] virtual Result<void> check_place() const = 0;
};

/// What DirectoryLock::check_place says.
Error directory_moved(const Path& directory);

/// The seam between storage and the disk; any thread. Creating, renaming and removing entries is durable only after
/// sync_directory on the directory that holds them.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const Path& path, const OpenOptions& options) = 0;
  /// Replaces `to` if it exists, atomically.
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove_file(const Path& path) = 0;
  /// The directory and all it holds; success when there is none.
  virtual Result<void> remove_tree(const Path& path) = 0;
  /// With its parents; success when it exists already.
  virtual Result<void> create_directories(const Path& path) = 0;
  virtual Result<void> sync_directory(const Path& path) = 0;
  /// In no particular order, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> list(const Path& directory) = 0;
  virtual Result<bool> exists(const Path& path) = 0;
  virtual Result<Space> space(const Path& path) = 0;
  /// Errc::data_dir_in_use when another process (or another holder in this one) has it, and keeps it for longer than it takes to
  /// die. What happens to the files in the directory does not matter to the lock.
  virtual Result<std::unique_ptr<DirectoryLock>> lock(const Path& directory) = 0;
};

/// The whole file; Errc::corruption when it is larger than bytes_max.
Result<std::vector<std::byte>> read_file(FileSystem& fs, const Path& path, std::size_t bytes_max);

/// Creates the directory and its parents where they are missing; their names are durable on return.
Result<void> create_directories_durably(FileSystem& fs, const Path& path);
/// FileSystem::sync_directory where something depends on it. What a failure leaves is not known even if it was for want of room,
/// so it is never storage_full.
Result<void> sync_names(FileSystem& fs, const Path& directory);
/// Makes the name of a file or directory durable, as sync_names.
Result<void> sync_parent(FileSystem& fs, const Path& path);

/// Replaces the file by these bytes: after a crash at any moment it holds either the old contents or the new, and the new once
/// this returned. Goes through `path` + ".tmp", which it overwrites. Errc::storage_full: it holds the old; any other error: not
/// known.
Result<void> replace_file(FileSystem& fs, const Path& path, ByteSpan bytes);

}  // namespace leat::storage
