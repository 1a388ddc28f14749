#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "server/broker/broker.hpp"
#include "server/config/log_throttle.hpp"
#include "server/net/connection_limiter.hpp"
#include "server/net/listener.hpp"
#include "server/net/tcp_connection.hpp"
#include "server/session/native_session.hpp"

namespace leat::server {

struct NativeEndpointOptions {
  Endpoint listen;
  NativeSessionOptions session;
  ConnectionTimeouts timeouts;
  std::size_t receive_bytes_max = 48U << 20;  ///< of all connections
  std::size_t send_bytes_max = 48U << 20;     ///< of all connections
};

/// The native protocol on a TCP port: its listener, and all of its connections. Created, started and stopped by one thread; the
/// connections live on the shards.
class NativeEndpoint {
 public:
  static Result<std::unique_ptr<NativeEndpoint>> bind(Broker& broker, ConnectionLimiter& limiter, NativeEndpointOptions options);

  void start() { listener_->start(); }
  /// Accepts no more and lets every session finish what it has; those that have not by the deadline are cut off. The shards still
  /// run.
  void stop(std::chrono::milliseconds deadline);
  [[nodiscard]] const Endpoint& endpoint() const { return listener_->endpoint(); }

 private:
  NativeEndpoint(Broker& broker, ConnectionLimiter& limiter, NativeEndpointOptions options);
  bool admit(boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer);
  void accepted(boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard);
  void on_every_connection(void (TcpConnection::*action)());

  Broker& broker_;
  ConnectionLimiter& limiter_;
  const NativeEndpointOptions options_;
  const std::shared_ptr<const ReceiveMemory> memory_;
  const std::shared_ptr<ByteBudget> sending_;
  log::Throttle refusals_;  ///< the first shard's
  std::shared_ptr<Listener> listener_;
  std::vector<std::unordered_set<std::shared_ptr<TcpConnection>>> connections_;  ///< by shard, each that shard's own
  std::mutex mutex_;
  std::condition_variable one_less_;
  std::size_t open_ = 0;
  bool stopping_ = false;
};

}  // namespace leat::server
