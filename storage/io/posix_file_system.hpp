#pragma once

#include "storage/io/file_system.hpp"

namespace leat::storage {

/// The operating system's files. Stateless; any thread. Every error names the operation, the path and the system's own words.
class PosixFileSystem final : public FileSystem {
 public:
  /// A direct_sync file on a file system without O_DIRECT (tmpfs) goes through the page cache; its writes are durable all the
  /// same.
  Result<std::unique_ptr<File>> open(const Path& path, const OpenOptions& options) override;
  Result<void> rename(const Path& from, const Path& to) override;
  Result<void> remove_file(const Path& path) override;
  Result<void> remove_tree(const Path& path) override;
  Result<void> create_directories(const Path& path) override;
  Result<void> sync_directory(const Path& path) override;
  Result<std::vector<DirectoryEntry>> list(const Path& directory) override;
  Result<bool> exists(const Path& path) override;
  Result<Space> space(const Path& path) override;
  /// An flock on the directory itself. The file LOCK in it stays behind and holds the holder's process id for whoever looks.
  Result<std::unique_ptr<DirectoryLock>> lock(const Path& directory) override;
};

}  // namespace leat::storage
