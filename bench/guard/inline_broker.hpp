#pragma once

#include <memory>

#include "bench/guard/memory_disk.hpp"
#include "protocol/base/clock.hpp"
#include "protocol/base/random.hpp"
#include "server/broker/broker.hpp"
#include "server/net/network_memory.hpp"
#include "server/net/tcp_connection.hpp"

namespace leat::bench {

/// A broker with everything it does on one thread, in an order that does not depend on the clock: the caller's, which is its only
/// shard's and calls the store's steps as well. Connections are sockets without a network between their ends.
class InlineBroker {
 public:
  /// `tail_bytes_max`: of what was published, what is kept in memory for subscribers at the tail.
  static Result<std::unique_ptr<InlineBroker>> start(std::size_t tail_bytes_max);
  ~InlineBroker();
  InlineBroker(const InlineBroker&) = delete;
  InlineBroker& operator=(const InlineBroker&) = delete;

  /// A topic of one partition.
  Result<native::TopicPartition> create_topic(const std::string& name);
  Result<ProducerId> allocate_producer_id() { return broker_->allocate_producer_id(); }
  /// The peer's end of a connection: a socket that does not block.
  Result<storage::FileDescriptor> connect();

  /// Does all there is to do: what came on the connections, what the store's writers and their listeners have to do with it, what
  /// is to be sent. An error when something is left that waits.
  Result<void> serve();
  /// The same, and guard.py counts it, by its name.
  Result<void> serve_counted();
  /// What the maintenance thread does, if it is time.
  Result<void> maintain();

 private:
  explicit InlineBroker(std::unique_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}
  [[nodiscard]] server::Shard& shard() { return *broker_->shards().front(); }
  /// True when a group was brought one step further.
  Result<bool> step_store();

  const std::unique_ptr<MemoryDisk> disk_;
  ManualClock clock_{1'700'000'000'000};
  SeededRandom random_{1};
  server::NetworkMemory memory_;
  std::unique_ptr<server::Broker> broker_;
  std::vector<std::shared_ptr<server::TcpConnection>> connections_;
};

}  // namespace leat::bench
