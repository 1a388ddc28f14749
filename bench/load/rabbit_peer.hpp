#pragma once

#include "bench/load/peer.hpp"

namespace leat::load {

/// RabbitMQ Streams over their own protocol: there is no client for it in C or C++, and the one for Java takes more of the
/// processor than the broker does. As guest in the virtual host "/".
std::unique_ptr<Peer> make_rabbit_peer(Target target);

}  // namespace leat::load
