#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat::client {

inline constexpr std::uint16_t kDefaultPort = 7420;

/// Where a broker listens.
struct Endpoint {
  std::string host;
  std::uint16_t port = kDefaultPort;

  /// "host:port", an IPv6 address in brackets.
  [[nodiscard]] std::string to_string() const;
};

/// leat://HOST[:PORT], HOST being a name, an IPv4 address or an IPv6 address in brackets. invalid_argument otherwise.
Result<Endpoint> parse_endpoint(std::string_view url);

}  // namespace leat::client
