#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "bench/load/peer.hpp"

namespace leat::load {

/// A kind of broker that a load can be put on.
struct Broker {
  const char* name;
  const char* description;
  std::uint16_t port;                            ///< that it usually listens on
  const char* client_library;                    ///< that the driver is made with; null: none
  std::unique_ptr<Peer> (*make)(Target target);  ///< null: the library was not there when this was built
  bool has_linger = false;                       ///< its client waits for batches to fill as long as it is told
};

std::span<const Broker> brokers();
/// Null: there is none of that name.
const Broker* find_broker(std::string_view name);

}  // namespace leat::load
