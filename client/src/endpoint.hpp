#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat::client {

/// What carries the native protocol.
enum class Scheme : std::uint8_t {
  leat,  ///< a TCP connection as it is
  ws,    ///< a WebSocket over HTTP/1.1
  wss,   ///< the same over TLS, which is not built in yet: parse_endpoint() knows it and refuses
};

inline constexpr std::uint16_t kDefaultPort = 7420;
inline constexpr std::uint16_t kDefaultHttpPort = 7421;

/// Where a broker listens.
struct Endpoint {
  Scheme scheme = Scheme::leat;
  std::string host;
  std::uint16_t port = kDefaultPort;
  std::string path;  ///< of ws and wss, with the query if there is one

  /// "host:port", an IPv6 address in brackets.
  [[nodiscard]] std::string to_string() const;
};

/// leat://HOST[:PORT] or ws://HOST[:PORT][/PATH], HOST being a name, an IPv4 address or an IPv6 address in brackets; the path is
/// /v1/ws when not given. invalid_argument otherwise, and for wss://.
Result<Endpoint> parse_endpoint(std::string_view url);

}  // namespace leat::client
