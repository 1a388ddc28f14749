#pragma once

#include "storage/io/file_descriptor.hpp"
#include "storage/io/file_system.hpp"

namespace leat::storage {

/// A file of the operating system, opened by PosixFileSystem. Threads and errors as File says.
class PosixFile final : public File {
 public:
  PosixFile(FileDescriptor descriptor, Path path, bool direct_sync)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), direct_sync_(direct_sync) {}

  /// With cached_only a direct_sync file always answers Errc::would_block: it has nothing in the page cache.
  Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, ReadMode mode) override;
  Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) override;
  Result<void> sync() override;
  void start_write_back() override;
  Result<std::uint64_t> size() override;
  Result<TimestampMs> modified_ms() override;
  Result<void> truncate(std::uint64_t bytes) override;
  [[nodiscard]] FileDescriptor duplicate() const override;
  [[nodiscard]] const Path& path() const override { return path_; }

 private:
  Result<void> write_back();

  FileDescriptor descriptor_;
  Path path_;
  bool direct_sync_;
};

}  // namespace leat::storage
