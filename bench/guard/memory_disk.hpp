#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/io/file_descriptor.hpp"
#include "storage/io/file_system.hpp"

namespace leat::bench {

/// A disk of files without a disk: the kernel keeps their contents in memory, so that reading and writing is a system call as
/// ever, and the same on every machine. One thread.
class MemoryDisk final : public storage::FileSystem {
 public:
  using Path = storage::Path;

  Result<std::unique_ptr<storage::File>> open(const Path& path, const storage::OpenOptions& options) override;
  Result<void> rename(const Path& from, const Path& to) override;
  Result<void> remove_file(const Path& path) override;
  Result<void> remove_tree(const Path& path) override;
  Result<void> create_directories(const Path& path) override;
  Result<void> sync_directory(const Path& /*path*/) override { return ok(); }
  Result<std::vector<storage::DirectoryEntry>> list(const Path& directory) override;
  Result<bool> exists(const Path& path) override;
  Result<storage::Space> space(const Path& path) override;
  Result<std::unique_ptr<storage::DirectoryLock>> lock(const Path& directory) override;

 private:
  std::map<Path, std::shared_ptr<storage::FileDescriptor>> files_;
  std::set<Path> directories_{"/"};
};

}  // namespace leat::bench
