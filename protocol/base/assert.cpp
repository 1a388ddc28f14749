#include "protocol/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace leat {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "leat: assertion failed: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace leat
