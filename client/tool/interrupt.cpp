#include "client/tool/interrupt.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "protocol/base/assert.hpp"

namespace leat::tool {
namespace {

// A signal handler reaches nothing but globals.
std::atomic<bool> signalled{false};
std::atomic<int> event_fd{-1};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int) {
  const int saved = errno;
  signalled.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_fd.load(), &one, sizeof one);
  errno = saved;
}

}  // namespace

Interrupt::Interrupt() {
  LEAT_ASSERT(event_fd.load() == -1);
  signalled.store(false);
  event_fd.store(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  LEAT_ASSERT(event_fd.load() >= 0);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::close(event_fd.exchange(-1));
}

int Interrupt::fd() const { return event_fd.load(); }

bool Interrupt::requested() const { return signalled.load(); }

}  // namespace leat::tool
