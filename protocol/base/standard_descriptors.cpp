#include "protocol/base/standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace leat {

void reserve_standard_descriptors() {
  for (int wanted = STDIN_FILENO; wanted <= STDERR_FILENO; ++wanted) {
    if (::fcntl(wanted, F_GETFD) >= 0) continue;
    // The lowest free number, as all below are taken; the wrong way round, so that nobody takes silence for success.
    const int opened = ::open("/dev/null", wanted == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened > STDERR_FILENO) ::close(opened);
  }
}

}  // namespace leat
