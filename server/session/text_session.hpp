#pragma once

#include <memory>
#include <string>

#include "server/broker/broker.hpp"
#include "server/session/text_batch.hpp"

namespace leat::server {

struct TextSessionOptions {
  std::size_t in_flight_bytes_max = 16U << 20;  ///< received and not acknowledged
  std::size_t outbox_bytes_max = 1U << 20;      ///< answers that a peer does not read: beyond, it is not read either
  std::size_t subscriptions_max = 10'000;       ///< each to one partition
  std::string peer;                             ///< its address, for the log
  std::uint64_t client = 0;                     ///< its id in the list of clients
};

/// What the text sessions of a shard work with.
struct TextSessionContext {
  Broker& broker;
  Shard& shard;
  std::shared_ptr<ByteBudget> sending;
  TextBatches& batches;
};

}  // namespace leat::server
