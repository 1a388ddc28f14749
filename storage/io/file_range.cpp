#include "storage/io/file_range.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace leat::storage {
namespace {

// linux/mman.h of kernels that have it.
constexpr long kSysCachestat = 451;
struct CachestatRange {
  std::uint64_t offset;
  std::uint64_t bytes;
};
struct Cachestat {
  std::uint64_t cached_pages;
  std::uint64_t dirty_pages;
  std::uint64_t writeback_pages;
  std::uint64_t evicted_pages;
  std::uint64_t recently_evicted_pages;
};

/// How far apart the pages are that are looked at themselves: a page that is still being read counts as cached.
constexpr std::uint64_t kLookBytes = 64U << 10;

bool is_there(int file, std::uint64_t at) {
  std::byte byte{};
  const iovec into{&byte, 1};
  return ::preadv2(file, &into, 1, static_cast<off_t>(at), RWF_NOWAIT) == 1;
}

}  // namespace

bool tells_cached() {
  static const bool kIsKnown = ::syscall(kSysCachestat, -1, nullptr, nullptr, 0) != 0 && errno == EBADF;
  return kIsKnown;
}

bool is_cached(const FileRange& range) {
  static const auto kPageBytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const CachestatRange asked{range.position, range.bytes};
  Cachestat found{};
  if (::syscall(kSysCachestat, range.file->get(), &asked, &found, 0) != 0) return false;
  const std::uint64_t first = range.position / kPageBytes;
  const std::uint64_t last = (range.position + range.bytes - 1) / kPageBytes;
  if (found.cached_pages != last - first + 1) return false;
  const std::uint64_t end = range.position + range.bytes;
  for (std::uint64_t at = range.position; at < end; at += kLookBytes) {
    if (!is_there(range.file->get(), at)) return false;
  }
  return is_there(range.file->get(), end - 1);
}

}  // namespace leat::storage
