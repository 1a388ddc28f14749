#pragma once

#include "protocol/base/error.hpp"

namespace leat::server {

/// An error as a peer is told of it: what the disk says becomes one of the codes PROTOCOL.md has for it, without paths of this
/// machine.
Error for_peer(const Error& error);

}  // namespace leat::server
