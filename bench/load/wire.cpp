#include "bench/load/wire.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace leat::load {
namespace {

Error lost(const char* doing) { return Error(Errc::connection_lost, std::string(doing) + ": " + std::strerror(errno)); }

}  // namespace

Time answer_deadline() { return SteadyClock::now() + std::chrono::seconds(20); }

Result<std::unique_ptr<Wire>> Wire::connect(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const std::string where = address.host + ":" + port;
  if (const int failed = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); failed != 0) {
    return Error(Errc::connection_failed, where + ": " + ::gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::string reason = "no address";
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd >= 0 && ::connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return std::unique_ptr<Wire>(new Wire(fd));
    }
    reason = std::strerror(errno);
    if (fd >= 0) ::close(fd);
  }
  return Error(Errc::connection_failed, where + ": " + reason);
}

Wire::~Wire() { ::close(fd_); }

Result<void> Wire::write_some() {
  while (written_ < out_.size()) {
    const ssize_t sent = ::send(fd_, out_.data() + written_, out_.size() - written_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      written_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      // What is gone makes way before the rest has been doubled by appending to it.
      if (written_ > out_.size() / 2) {
        out_.erase(0, written_);
        written_ = 0;
      }
      return ok();
    } else if (errno != EINTR) {
      return lost("sending");
    }
  }
  out_.clear();
  written_ = 0;
  return ok();
}

void Wire::make_room() {
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
  } else if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (in_end_ == in_.size()) in_.resize(in_.size() * 2);
}

Result<bool> Wire::read_some() {
  make_room();
  const std::size_t room = in_.size() - in_end_;
  while (true) {
    const ssize_t got = ::recv(fd_, in_.data() + in_end_, room, MSG_DONTWAIT);
    if (got > 0) {
      in_end_ += static_cast<std::size_t>(got);
      // A buffer that is filled at once is too small for what comes in.
      if (static_cast<std::size_t>(got) == room && in_.size() < kReadBytesMax) in_.resize(in_.size() * 2);
      return true;
    }
    if (got == 0) return Error(Errc::connection_lost, "the broker closed the connection");
    if (errno == EAGAIN) return false;
    if (errno != EINTR) return lost("receiving");
  }
}

Result<void> Wire::wait_for(bool writable_too, Time deadline) {
  const auto left = std::max(SteadyClock::duration::zero(), deadline - SteadyClock::now());
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(whole.count());
  timeout.tv_nsec = static_cast<long>(std::chrono::nanoseconds(left - whole).count());
  pollfd descriptor{fd_, static_cast<short>(writable_too ? POLLIN | POLLOUT : POLLIN), 0};
  if (::ppoll(&descriptor, 1, &timeout, nullptr) < 0 && errno != EINTR) return lost("waiting");
  return ok();
}

Result<void> Wire::wait_for_answer(Time deadline) {
  if (SteadyClock::now() >= deadline) return Error(Errc::timed_out, "the broker did not answer");
  LEAT_TRY(write_some());
  LEAT_TRY(wait(deadline));
  LEAT_TRY(read_some());
  return ok();
}

}  // namespace leat::load
