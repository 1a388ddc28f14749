#include "server/net/service_notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>

namespace leat::server {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<std::int64_t> number_in(const char* name) {
  const std::string_view text = variable(name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A status is one line: a line break would start another assignment.
std::string status_line(std::string_view text) {
  std::string line = fmt::format("STATUS={}", text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

ServiceNotify ServiceNotify::from_environment() {
  const std::string_view address = variable("NOTIFY_SOCKET");
  const bool supported = address.starts_with('/') || address.starts_with('@');
  std::optional<std::chrono::microseconds> watchdog;
  const auto microseconds = number_in("WATCHDOG_USEC");
  const auto watched_pid = number_in("WATCHDOG_PID");
  if (microseconds && *microseconds > 0 && (!watched_pid || *watched_pid == ::getpid())) {
    watchdog = std::chrono::microseconds(*microseconds);
  }
  return ServiceNotify(supported ? std::string(address) : std::string(), watchdog);
}

std::optional<std::chrono::microseconds> ServiceNotify::watchdog_interval() const {
  if (!is_active() || !watchdog_) return std::nullopt;
  return std::max(*watchdog_ / 2, std::chrono::microseconds(1));
}

Result<void> ServiceNotify::ready(std::string_view status) const {
  return send(status.empty() ? std::string("READY=1") : fmt::format("READY=1\n{}", status_line(status)));
}

Result<void> ServiceNotify::reloading() const {
  // systemd tells this reload's READY=1 from an older one by the monotonic time.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  return send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
}

Result<void> ServiceNotify::stopping() const { return send("STOPPING=1"); }

Result<void> ServiceNotify::watchdog() const { return send("WATCHDOG=1"); }

Result<void> ServiceNotify::status(std::string_view text) const { return send(status_line(text)); }

Result<void> ServiceNotify::send(std::string_view message) const {
  if (!is_active()) return ok();
  const auto failed = [&](int error) {
    return Error(Errc::io_error,
                 fmt::format("cannot notify the service manager at {}: {}", address_, std::generic_category().message(error)));
  };
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  if (address_.size() >= sizeof peer.sun_path) return failed(ENAMETOOLONG);
  std::memcpy(peer.sun_path, address_.data(), address_.size());
  const bool is_abstract = address_.front() == '@';
  if (is_abstract) peer.sun_path[0] = '\0';
  // A path ends with its NUL; an abstract name ends with the address's length.
  const std::size_t length = offsetof(sockaddr_un, sun_path) + address_.size() + (is_abstract ? 0 : 1);

  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(errno);
  const ssize_t sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&peer), static_cast<socklen_t>(length));
  const int error = sent < 0 ? errno : 0;
  ::close(fd);
  return error == 0 ? ok() : Result<void>(failed(error));
}

}  // namespace leat::server
