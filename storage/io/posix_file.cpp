#include "storage/io/posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "storage/io/direct_alignment.hpp"
#include "storage/io/io_error.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kWriteBackStepBytes = 4U << 20;

constexpr std::size_t kPiecesMax = 1024;  // IOV_MAX on Linux, which <climits> hides from strict C++

/// Where a gathered write has got to: a partial write may end in the middle of a piece.
class PieceCursor {
 public:
  explicit PieceCursor(std::span<const ByteSpan> pieces) : pieces_(pieces) {}

  /// The next pieces for one system call; empty when all is written.
  std::span<const iovec> next() {
    std::size_t count = 0;
    std::size_t skip = skip_;
    for (std::size_t i = piece_; i < pieces_.size() && count < kPiecesMax; ++i) {
      const ByteSpan rest = pieces_[i].subspan(std::exchange(skip, 0));
      if (!rest.empty()) vectors_[count++] = {const_cast<std::byte*>(rest.data()), rest.size()};
    }
    return {vectors_.data(), count};
  }

  void advance(std::size_t written) {
    while (written > 0) {
      const std::size_t here = std::min(written, pieces_[piece_].size() - skip_);
      written -= here;
      skip_ += here;
      if (skip_ == pieces_[piece_].size()) {
        ++piece_;
        skip_ = 0;
      }
    }
  }

 private:
  std::span<const ByteSpan> pieces_;
  std::size_t piece_ = 0;
  std::size_t skip_ = 0;
  std::array<iovec, kPiecesMax> vectors_;
};

template <class Call>
auto retry_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Error would_block() { return Error(Errc::would_block); }

}  // namespace

Result<std::size_t> PosixFile::read_at(FilePosition at, MutableByteSpan into, ReadMode mode) {
  const bool cached_only = mode == ReadMode::cached_only;
  if (direct_sync_) {
    assert_direct_alignment(at, into);
    if (cached_only) return would_block();
  }
  std::size_t done = 0;
  while (done < into.size()) {
    const iovec rest{into.data() + done, into.size() - done};
    const auto position = static_cast<off_t>(at.value() + done);
    const ssize_t count =
        retry_interrupted([&] { return ::preadv2(descriptor_.get(), &rest, 1, position, cached_only ? RWF_NOWAIT : 0); });
    if (count < 0 && cached_only && (errno == EAGAIN || errno == EOPNOTSUPP)) return would_block();
    if (count < 0) return io_error("read", path_, errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
    // Only the end of the file cuts a direct read off its alignment, and going on from there would be refused.
    if (direct_sync_ && done % kDirectAlignment != 0) break;
  }
  if (cached_only && done < into.size()) {
    LEAT_ASSIGN(const std::uint64_t bytes, size());
    if (at.value() + done < bytes) return would_block();
  }
  return done;
}

Result<void> PosixFile::write_at(FilePosition at, std::span<const ByteSpan> pieces) {
  if (direct_sync_) assert_direct_alignment(at, pieces);
  PieceCursor cursor(pieces);
  auto position = static_cast<off_t>(at.value());
  for (auto vectors = cursor.next(); !vectors.empty(); vectors = cursor.next()) {
    const ssize_t count = retry_interrupted(
        [&] { return ::pwritev(descriptor_.get(), vectors.data(), static_cast<int>(vectors.size()), position); });
    if (count < 0) return io_error("write", path_, errno);
    if (count == 0) return io_error("write", path_, EIO);
    position += count;
    cursor.advance(static_cast<std::size_t>(count));
  }
  return ok();
}

/// In steps, so that a write to another file that comes meanwhile waits for one step and not for all that this file has.
Result<void> PosixFile::write_back() {
  if (direct_sync_) return ok();
  LEAT_ASSIGN(const std::uint64_t bytes, size());
  constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  for (std::uint64_t at = 0; at + kWriteBackStepBytes < bytes; at += kWriteBackStepBytes) {
    const auto from = static_cast<off64_t>(at);
    if (::sync_file_range(descriptor_.get(), from, static_cast<off64_t>(kWriteBackStepBytes), kWait) == 0) continue;
    if (errno == ENOSYS || errno == EINVAL || errno == ESPIPE) return ok();  // not known here: fdatasync does it all
    return io_error("sync", path_, errno);
  }
  return ok();
}

Result<void> PosixFile::sync() {
  LEAT_TRY(write_back());
  // Not retried after EINTR or anything else: the kernel reports an error of the write-back once and then forgets it.
  if (::fdatasync(descriptor_.get()) != 0) return io_error("sync", path_, errno);
  return ok();
}

void PosixFile::start_write_back() { (void)::sync_file_range(descriptor_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

FileDescriptor PosixFile::duplicate() const { return FileDescriptor(::fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, 0)); }

Result<std::uint64_t> PosixFile::size() {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) return io_error("stat", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<TimestampMs> PosixFile::modified_ms() {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) return io_error("stat", path_, errno);
  return TimestampMs{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

Result<void> PosixFile::truncate(std::uint64_t bytes) {
  if (retry_interrupted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)); }) != 0) {
    return io_error("truncate", path_, errno);
  }
  return ok();
}

}  // namespace leat::storage
