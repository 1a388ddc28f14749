#include "client/tool/interrupt_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "protocol/base/assert.hpp"

namespace leat::tool {

InterruptWatch::InterruptWatch(const Interrupt& interrupt, std::chrono::milliseconds grace, std::function<void()> stop)
    : end_fd_(::eventfd(0, EFD_CLOEXEC)) {
  LEAT_ASSERT(end_fd_ >= 0);
  thread_ = std::thread([this, fd = interrupt.fd(), grace, stop = std::move(stop)] { watch(fd, grace, stop); });
}

InterruptWatch::~InterruptWatch() {
  const std::uint64_t one = 1;
  const auto written = ::write(end_fd_, &one, sizeof one);
  LEAT_ASSERT(written == sizeof one);
  thread_.join();
  ::close(end_fd_);
}

bool InterruptWatch::wait_for_end(std::chrono::milliseconds at_most) const {
  pollfd end{end_fd_, POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready = ::poll(&end, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

void InterruptWatch::watch(int interrupt_fd, std::chrono::milliseconds grace, const std::function<void()>& stop) const {
  std::array<pollfd, 2> events{pollfd{end_fd_, POLLIN, 0}, pollfd{interrupt_fd, POLLIN, 0}};
  while (::poll(events.data(), events.size(), -1) < 0) LEAT_ASSERT(errno == EINTR);
  if (events[0].revents == 0 && !wait_for_end(grace)) stop();
}

}  // namespace leat::tool
