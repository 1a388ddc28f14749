#pragma once

#include <cstdint>

namespace leat::server {

/// What the peer's machine has taken of a TCP socket's bytes so far; 0 where the system does not tell.
std::uint64_t acknowledged_bytes_total(int socket);

/// What this machine has received on the socket so far, likewise.
std::uint64_t received_bytes_total(int socket);

}  // namespace leat::server
