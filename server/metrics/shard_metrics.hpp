#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "protocol/base/error.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/native/messages.hpp"
#include "server/metrics/histogram.hpp"
#include "server/metrics/transport.hpp"

namespace leat::server {

/// What a shard counts beside its partitions' traffic. Its thread counts, any thread reads.
struct ShardMetrics {
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// What error codes are below.
  static constexpr std::size_t kCodes = 128;
  static constexpr std::size_t kAckLevels = 3;
  enum Listener : std::uint8_t { native, http };
  static constexpr std::size_t kListeners = 2;

  ShardMetrics();

  void count_publish_error(Errc code) { publish_errors[static_cast<std::size_t>(code) % kCodes].add(1); }
  /// `wanted`: the level that was waited for.
  void observe_ack(native::AckLevel wanted, SteadyTime received, SteadyTime now);
  /// A delivery up to the end of what there is, whose first batch was made then.
  void observe_delivery(Transport transport, TimestampMs made_ms, TimestampMs now_ms);

  std::array<Counter, kCodes> publish_errors;  ///< by Errc
  Counter duplicate_batches;
  std::array<Histogram, kAckLevels> ack_latency;          ///< by AckLevel, in nanoseconds
  std::array<Histogram, kTransports> end_to_end_latency;  ///< in milliseconds
  std::array<Gauge, kTransports> connections;             ///< open
  std::array<Counter, kListeners> connections_accepted;   ///< by Listener
  std::array<Counter, kListeners> connections_refused;    ///< by Listener
  Counter connections_evicted;
};

/// Counts a connection as one of its transport's, as long as this lives; on the connection's shard.
class ConnectionCount {
 public:
  ConnectionCount(ShardMetrics& metrics, Transport transport) : metrics_(metrics), transport_(transport) { count(1); }
  ~ConnectionCount() { count(-1); }
  ConnectionCount(const ConnectionCount&) = delete;
  ConnectionCount& operator=(const ConnectionCount&) = delete;

  void change_to(Transport transport) {
    count(-1);
    transport_ = transport;
    count(1);
  }

 private:
  void count(std::int64_t change) { metrics_.connections[index_of(transport_)].add(change); }

  ShardMetrics& metrics_;
  Transport transport_;
};

}  // namespace leat::server
