#include "bench/guard/memory_disk.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/io/io_error.hpp"

namespace leat::bench {

namespace {

using storage::OpenOptions;
using storage::Path;

constexpr std::uint64_t kSpaceBytes = std::uint64_t{1} << 40;

class MemoryFile final : public storage::File {
 public:
  MemoryFile(Path path, std::shared_ptr<storage::FileDescriptor> file) : path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, storage::ReadMode /*mode*/) override {
    const ssize_t got = ::pread(file_->get(), into.data(), into.size(), static_cast<off_t>(at.value()));
    if (got < 0) return storage::io_error("read", path_, errno);
    return static_cast<std::size_t>(got);
  }

  Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) override {
    auto position = static_cast<off_t>(at.value());
    for (const ByteSpan piece : pieces) {
      if (::pwrite(file_->get(), piece.data(), piece.size(), position) != std::ssize(piece)) {
        return storage::io_error("write", path_, errno);
      }
      position += std::ssize(piece);
    }
    return ok();
  }

  Result<void> sync() override { return ok(); }
  Result<std::uint64_t> size() override {
    struct stat found {};
    if (::fstat(file_->get(), &found) != 0) return storage::io_error("stat", path_, errno);
    return static_cast<std::uint64_t>(found.st_size);
  }
  Result<TimestampMs> modified_ms() override { return 0; }
  Result<void> truncate(std::uint64_t bytes) override {
    if (::ftruncate(file_->get(), static_cast<off_t>(bytes)) != 0) return storage::io_error("truncate", path_, errno);
    return ok();
  }
  [[nodiscard]] storage::FileDescriptor duplicate() const override {
    return storage::FileDescriptor(::fcntl(file_->get(), F_DUPFD_CLOEXEC, 0));
  }
  [[nodiscard]] const Path& path() const override { return path_; }

 private:
  const Path path_;
  const std::shared_ptr<storage::FileDescriptor> file_;
};

/// There is one broker to a disk.
class MemoryLock final : public storage::DirectoryLock {
 public:
  [[nodiscard]] Result<void> check_place() const override { return ok(); }
};

/// The directory itself is not in it.
bool is_below(const Path& path, const Path& directory) {
  const auto differs = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return differs.first == directory.end() && differs.second != path.end();
}

}  // namespace

Result<std::unique_ptr<storage::File>> MemoryDisk::open(const Path& path, const OpenOptions& options) {
  const auto found = files_.find(path);
  if (found != files_.end()) {
    if (options.existence == OpenOptions::Existence::must_not_exist) return storage::io_error("open", path, EEXIST);
    return std::unique_ptr<storage::File>(std::make_unique<MemoryFile>(path, found->second));
  }
  if (options.existence == OpenOptions::Existence::must_exist || !directories_.contains(path.parent_path())) {
    return storage::io_error("open", path, ENOENT);
  }
  const auto file = std::make_shared<storage::FileDescriptor>(::memfd_create(path.filename().c_str(), MFD_CLOEXEC));
  if (file->get() < 0) return storage::io_error("create", path, errno);
  files_.emplace(path, file);
  return std::unique_ptr<storage::File>(std::make_unique<MemoryFile>(path, file));
}

Result<void> MemoryDisk::rename(const Path& from, const Path& to) {
  // The store renames a directory only to put away what its catalog does not know, which is nothing here.
  auto file = files_.extract(from);
  if (file.empty()) return storage::io_error("rename", from, ENOENT);
  files_.insert_or_assign(to, std::move(file.mapped()));
  return ok();
}

Result<void> MemoryDisk::remove_file(const Path& path) {
  if (files_.erase(path) == 0) return storage::io_error("remove", path, ENOENT);
  return ok();
}

Result<void> MemoryDisk::remove_tree(const Path& path) {
  std::erase_if(files_, [&](const auto& file) { return is_below(file.first, path); });
  std::erase_if(directories_, [&](const Path& directory) { return directory == path || is_below(directory, path); });
  return ok();
}

Result<void> MemoryDisk::create_directories(const Path& path) {
  for (Path directory = path; directories_.insert(directory).second; directory = directory.parent_path()) {
  }
  return ok();
}

Result<std::vector<storage::DirectoryEntry>> MemoryDisk::list(const Path& directory) {
  std::vector<storage::DirectoryEntry> entries;
  for (const auto& [path, file] : files_) {
    if (path.parent_path() == directory) entries.push_back({path.filename().string(), false});
  }
  for (const Path& path : directories_) {
    if (path != directory && path.parent_path() == directory) entries.push_back({path.filename().string(), true});
  }
  return entries;
}

Result<bool> MemoryDisk::exists(const Path& path) { return files_.contains(path) || directories_.contains(path); }

Result<storage::Space> MemoryDisk::space(const Path& /*path*/) { return storage::Space{kSpaceBytes, kSpaceBytes}; }

Result<std::unique_ptr<storage::DirectoryLock>> MemoryDisk::lock(const Path& /*directory*/) {
  return std::unique_ptr<storage::DirectoryLock>(std::make_unique<MemoryLock>());
}

}  // namespace leat::bench
