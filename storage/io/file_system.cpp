#include "storage/io/file_system.hpp"

namespace leat::storage {

Error directory_moved(const Path& directory) {
  return Error(Errc::io_error,
               directory.native() + " is no longer the directory that was opened: it was moved, removed or replaced");
}

Result<std::vector<std::byte>> read_file(FileSystem& fs, const Path& path, std::size_t bytes_max) {
  LEAT_ASSIGN(const std::unique_ptr<File> file, fs.open(path, {.read_only = true}));
  LEAT_ASSIGN(const std::uint64_t size, file->size());
  if (size > bytes_max) {
    return Error(Errc::corruption,
                 path.native() + " has " + std::to_string(size) + " bytes, more than " + std::to_string(bytes_max));
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  LEAT_ASSIGN(const std::size_t count, file->read_at(FilePosition(0), bytes));
  bytes.resize(count);
  return bytes;
}

Result<void> create_directories_durably(FileSystem& fs, const Path& path) {
  std::vector<Path> missing;
  for (Path directory = path; directory.has_relative_path(); directory = directory.parent_path()) {
    if (!directory.has_filename()) continue;  // "a/b/" is "a/b"
    LEAT_ASSIGN(const bool there, fs.exists(directory));
    if (there) break;
    missing.push_back(directory);
  }
  for (auto directory = missing.rbegin(); directory != missing.rend(); ++directory) {
    LEAT_TRY(fs.create_directories(*directory));
    LEAT_TRY(sync_parent(fs, *directory));
  }
  return ok();
}

Result<void> sync_names(FileSystem& fs, const Path& directory) {
  auto synced = fs.sync_directory(directory);
  if (synced.has_error() && synced.error().code == Errc::storage_full) return Error(Errc::io_error, synced.error().context);
  return synced;
}

Result<void> sync_parent(FileSystem& fs, const Path& path) {
  const Path named = path.has_filename() ? path : path.parent_path();
  return sync_names(fs, named.has_parent_path() ? named.parent_path() : Path("."));
}

Result<void> replace_file(FileSystem& fs, const Path& path, ByteSpan bytes) {
  Path temporary = path;
  temporary += ".tmp";
  {
    LEAT_ASSIGN(const std::unique_ptr<File> file, fs.open(temporary, {.existence = OpenOptions::Existence::either}));
    LEAT_TRY(file->truncate(0));
    LEAT_TRY(file->write_at(FilePosition(0), {&bytes, 1}));
    LEAT_TRY(file->sync());
  }
  LEAT_TRY(fs.rename(temporary, path));
  return sync_parent(fs, path);
}

}  // namespace leat::storage
