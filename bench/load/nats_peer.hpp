#pragma once

#include "bench/load/peer.hpp"

namespace leat::load {

/// NATS JetStream, or NATS without it. Spoken directly: a fan of a thousand would take thousands of threads with the C client,
/// and one thread that sends and takes acknowledgements leaves the broker more of the processor than the client's three.
std::unique_ptr<Peer> make_nats_peer(Target target, bool is_jet_stream);

}  // namespace leat::load
