#include "protocol/base/random.hpp"

#include <sys/random.h>

#include "protocol/base/assert.hpp"

namespace leat {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  // Up to 256 bytes are never cut short by a signal once the kernel's pool is ready (getrandom(2)).
  LEAT_ASSERT(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace leat
