#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"
#include "protocol/native/messages.hpp"
#include "protocol/record/format.hpp"
#include "server/metrics/transport.hpp"

namespace leat::server {

class Shard;

/// What became of one publish.
struct PublishOutcome {
  std::uint64_t correlation = 0;
  std::size_t batch_bytes = 0;
  Result<native::PublishAck> ack;
};

/// Whoever published: told on its own shard, in the order in which a partition's batches reached their level.
class PublishSink {
 public:
  virtual ~PublishSink() = default;
  virtual void on_published(std::span<const PublishOutcome> outcomes) = 0;
  [[nodiscard]] virtual Shard& shard() const = 0;
};

/// A batch on its way to its partition, already validated against the topic's limits.
struct PublishRequest {
  record::BatchHeader header;
  SharedBytes batch;
  native::AckLevel ack = native::AckLevel::durable;
  std::uint64_t correlation = 0;
  std::shared_ptr<PublishSink> sink;
  bool may_wait = true;  ///< when the log takes nothing now; otherwise it is refused as overloaded
  Transport transport = Transport::native;
  std::chrono::steady_clock::time_point received = std::chrono::steady_clock::now();
};

}  // namespace leat::server
