#include "storage/io/posix_file_system.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "storage/io/io_error.hpp"
#include "storage/io/posix_file.hpp"

namespace leat::storage {
namespace {

constexpr mode_t kFileMode = 0640;
/// A process that was killed holds its locks until all its memory is gone.
constexpr std::chrono::milliseconds kHolderDiesWithin{1000};
constexpr std::chrono::milliseconds kLockRetryInterval{10};

class PosixDirectoryLock final : public DirectoryLock {
 public:
  PosixDirectoryLock(FileDescriptor descriptor, Path directory)
      : descriptor_(std::move(descriptor)), directory_(std::move(directory)) {}

  [[nodiscard]] Result<void> check_place() const override {
    struct stat locked {};
    struct stat named {};
    if (::fstat(descriptor_.get(), &locked) != 0) return io_error("stat", directory_, errno);
    if (::stat(directory_.c_str(), &named) != 0) {
      return errno == ENOENT || errno == ENOTDIR ? directory_moved(directory_) : io_error("stat", directory_, errno);
    }
    const bool same = locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
    return same ? ok() : Result<void>(directory_moved(directory_));
  }

 private:
  const FileDescriptor descriptor_;
  const Path directory_;
};

Result<FileDescriptor> open_descriptor(const Path& path, int flags) {
  int descriptor = 0;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return io_error("open", path, errno);
  return FileDescriptor(descriptor);
}

int flags_of(const OpenOptions& options) {
  int flags = options.read_only ? O_RDONLY : O_RDWR;
  switch (options.existence) {
    case OpenOptions::Existence::must_exist:
      break;
    case OpenOptions::Existence::must_not_exist:
      flags |= O_CREAT | O_EXCL;
      break;
    case OpenOptions::Existence::either:
      flags |= O_CREAT;
      break;
  }
  return options.direct_sync ? flags | O_DSYNC : flags;
}

/// Set after opening, as open() with O_CREAT and O_DIRECT may create the file and fail nevertheless.
Result<void> bypass_page_cache(const FileDescriptor& file, const Path& path) {
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0) return io_error("open", path, errno);
  if (::fcntl(file.get(), F_SETFL, flags | O_DIRECT) != 0 && errno != EINVAL) return io_error("open", path, errno);
  return ok();
}

/// Opening a directory for reading succeeds on Linux; every other access to it fails anyway.
Result<void> refuse_directory(const FileDescriptor& file, const Path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return io_error("open", path, errno);
  if (S_ISDIR(status.st_mode)) return io_error("open", path, EISDIR);
  return ok();
}

std::string holder_named_in(const Path& path) {
  std::array<char, 32> text{};
  const auto file = open_descriptor(path, O_RDONLY);
  const ssize_t count = file ? ::pread(file->get(), text.data(), text.size(), 0) : 0;
  std::string holder(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "another process" : "process " + holder;
}

/// For people only, so a full disk that cannot take it is no reason to fail.
Result<void> name_holder_in(const Path& path) {
  const auto file = open_descriptor(path, O_RDWR | O_CREAT);
  if (file.has_error()) return file.error().code == Errc::storage_full ? ok() : Result<void>(file.error());
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file->get(), 0) != 0 || ::pwrite(file->get(), text.data(), text.size(), 0) < 0) errno = 0;
  return ok();
}

/// 0, or the error number: EWOULDBLOCK when another holds it for longer than it takes to die.
int lock_exclusively(const FileDescriptor& descriptor) {
  const auto give_up = std::chrono::steady_clock::now() + kHolderDiesWithin;
  while (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= give_up) return errno;
    std::this_thread::sleep_for(kLockRetryInterval);
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const Path& path, const OpenOptions& options) {
  LEAT_ASSIGN(FileDescriptor descriptor, open_descriptor(path, flags_of(options)));
  LEAT_TRY(refuse_directory(descriptor, path));
  if (options.direct_sync) LEAT_TRY(bypass_page_cache(descriptor, path));
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(descriptor), path, options.direct_sync));
}

Result<void> PosixFileSystem::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return io_error("rename " + from.native() + " to", to, errno);
  return ok();
}

Result<void> PosixFileSystem::remove_file(const Path& path) {
  if (::unlink(path.c_str()) != 0) return io_error("remove", path, errno);
  return ok();
}

Result<void> PosixFileSystem::remove_tree(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return io_error("remove", path, error.value());
  return ok();
}

Result<void> PosixFileSystem::create_directories(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return io_error("create directory", path, error.value());
  return ok();
}

Result<void> PosixFileSystem::sync_directory(const Path& path) {
  LEAT_ASSIGN(const FileDescriptor directory, open_descriptor(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(directory.get()) != 0) return io_error("sync directory", path, errno);
  return ok();
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::list(const Path& directory) {
  std::error_code error;
  std::vector<DirectoryEntry> entries;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const bool is_directory = entry->is_directory(error);
    // An entry that was removed meanwhile is not there; any other error is one.
    if (error == std::errc::no_such_file_or_directory) error.clear();
    if (error) break;
    entries.push_back({entry->path().filename().string(), is_directory});
  }
  if (error) return io_error("list", directory, error.value());
  return entries;
}

Result<bool> PosixFileSystem::exists(const Path& path) {
  std::error_code error;
  const bool found = std::filesystem::exists(path, error);
  if (error) return io_error("stat", path, error.value());
  return found;
}

Result<Space> PosixFileSystem::space(const Path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return io_error("statvfs", path, errno);
  return Space{std::uint64_t{status.f_bavail} * status.f_frsize, std::uint64_t{status.f_blocks} * status.f_frsize};
}

Result<std::unique_ptr<DirectoryLock>> PosixFileSystem::lock(const Path& directory) {
  // The directory itself is locked: a file in it could be removed, and another of its name be locked by somebody else.
  LEAT_ASSIGN(FileDescriptor descriptor, open_descriptor(directory, O_RDONLY | O_DIRECTORY));
  const Path holder = directory / "LOCK";
  if (const int error = lock_exclusively(descriptor); error != 0) {
    if (error != EWOULDBLOCK) return io_error("lock", directory, error);
    return Error(Errc::data_dir_in_use, directory.native() + " is in use by " + holder_named_in(holder));
  }
  LEAT_TRY(name_holder_in(holder));
  return std::unique_ptr<DirectoryLock>(std::make_unique<PosixDirectoryLock>(std::move(descriptor), directory));
}

}  // namespace leat::storage
