#pragma once

#include "bench/load/peer.hpp"

namespace leat::load {

/// Apache Kafka by librdkafka.
std::unique_ptr<Peer> make_kafka_peer(Target target);

}  // namespace leat::load
