#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace leat::server {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryIsMeaningful = false;  // shadow memory and quarantine
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kMemoryIsMeaningful = false;
#else
inline constexpr bool kMemoryIsMeaningful = true;
#endif
#else
inline constexpr bool kMemoryIsMeaningful = true;
#endif

/// What this process has in memory of its own, shared pages of files left out.
inline std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::size_t resident = 0;
  std::size_t shared = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident >> shared;
  return (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace leat::server
