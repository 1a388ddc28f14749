#include "client/tool/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace leat::tool {

Output::Output(int fd) : fd_(fd) { buffer_.reserve(kFullBytes + kFullBytes / 2); }

Result<void> Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !reader_gone_) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{fd_, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno == EPIPE) {
      reader_gone_ = true;
      break;
    } else if (errno != EINTR) {
      return Error(Errc::io_error, std::string("cannot write the output: ") + std::strerror(errno));
    }
  }
  buffer_.clear();
  return ok();
}

}  // namespace leat::tool
