#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat::server {

/// Where a listener binds: an IPv4 or IPv6 address, or a host name, and a port. Port 0 asks the system for a free one.
struct Endpoint {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;

  /// True for 127.0.0.0/8, ::1, their mapped forms and "localhost". Any other name is not, whatever it resolves to today.
  [[nodiscard]] bool is_loopback() const;

  /// "127.0.0.1:7420", "[::1]:7420".
  [[nodiscard]] std::string to_string() const;

  bool operator==(const Endpoint&) const = default;
};

/// Reads "HOST:PORT"; an IPv6 address stands in brackets: "[::1]:7420". invalid_argument with a sentence otherwise.
Result<Endpoint> parse_endpoint(std::string_view text);

/// The rule that keeps an unconfigured broker private: a listener other machines can reach needs `insecure_anonymous = true`.
/// setting is the listener's name in the configuration, e.g. "listen.native".
Result<void> check_exposure(const Endpoint& endpoint, std::string_view setting, bool insecure_anonymous);

}  // namespace leat::server
