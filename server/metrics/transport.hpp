#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace leat::server {

/// How a client speaks to the broker, as the metrics tell it apart.
enum class Transport : std::uint8_t {
  native,       ///< the native protocol over TCP
  leat_v1,      ///< the same over WebSocket
  leat_json,    ///< leat.json.v1 over WebSocket
  cloudevents,  ///< cloudevents.json over WebSocket
  http,         ///< requests and their answers
  sse,          ///< server-sent events
};

/// By Transport: the values of the label.
inline constexpr std::array<std::string_view, 6> kTransportNames{"native",           "leat.v1", "leat.json.v1",
                                                                 "cloudevents.json", "http",    "sse"};
inline constexpr std::size_t kTransports = kTransportNames.size();

constexpr std::size_t index_of(Transport transport) { return static_cast<std::size_t>(transport); }

}  // namespace leat::server
