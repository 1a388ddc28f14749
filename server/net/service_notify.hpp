#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat::server {

/// Tells the service manager how the daemon is doing, by sd_notify(3)'s protocol: datagrams to the socket that $NOTIFY_SOCKET
/// names. Without that variable every call succeeds and does nothing. Immutable after construction: any thread. io_error when the
/// manager cannot be told; the daemon goes on regardless.
class ServiceNotify {
 public:
  /// From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
  static ServiceNotify from_environment();

  /// address: a path, or '@' and a name in the abstract namespace; empty: nobody listens.
  explicit ServiceNotify(std::string address, std::optional<std::chrono::microseconds> watchdog = std::nullopt)
      : address_(std::move(address)), watchdog_(watchdog) {}

  [[nodiscard]] bool is_active() const { return !address_.empty(); }

  /// How often to call watchdog(): half of what the manager tolerates. Nothing when it keeps no watch on this process.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval() const;

  /// Start-up, or a reload, is done.
  Result<void> ready(std::string_view status = {}) const;
  Result<void> reloading() const;
  Result<void> stopping() const;
  Result<void> watchdog() const;
  /// One line that `systemctl status` shows.
  Result<void> status(std::string_view text) const;

 private:
  Result<void> send(std::string_view message) const;

  std::string address_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace leat::server
