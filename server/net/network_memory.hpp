#pragma once

#include <memory>

#include "server/net/byte_budget.hpp"
#include "server/net/receive_buffer.hpp"

namespace leat::server {

/// The memory that the connections of all listeners share. Any thread.
struct NetworkMemory {
  std::shared_ptr<const ReceiveMemory> receiving;
  std::shared_ptr<ByteBudget> sending;  ///< of all that sessions have for peers that have not taken it yet
};

NetworkMemory make_network_memory(std::size_t receive_bytes_max, std::size_t send_bytes_max);

}  // namespace leat::server
