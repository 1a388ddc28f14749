#pragma once

#include "bench/load/peer.hpp"

namespace leat::load {

/// Redis Streams, or Redis pub/sub with `is_pub_sub`. The protocol is hiredis's: its formatting, and its reader with callbacks
/// that take the values where they are instead of making an object for each.
std::unique_ptr<Peer> make_redis_peer(Target target, bool is_pub_sub);

}  // namespace leat::load
