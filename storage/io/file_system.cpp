#include "storage/io/file_system.hpp"

namespace leat::storage {

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
  return fs.sync_directory(path.has_parent_path() ? path.parent_path() : Path("."));
}

}  // namespace leat::storage
