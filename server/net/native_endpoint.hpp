#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "server/broker/broker.hpp"
#include "server/net/connection_limiter.hpp"
#include "server/net/listener.hpp"
#include "server/net/tcp_connection.hpp"
#include "server/session/native_session.hpp"

namespace leat::server {

struct NativeEndpointOptions {
  Endpoint listen;
  NativeSessionOptions session;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::size_t read_block_bytes = 256U << 10;
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
  std::shared_ptr<storage::BlockPool> blocks_;
  std::shared_ptr<Listener> listener_;
  std::vector<std::unordered_set<std::shared_ptr<TcpConnection>>> connections_;  ///< by shard, each that shard's own
  std::mutex mutex_;
  std::condition_variable one_less_;
  std::size_t open_ = 0;
  bool stopping_ = false;
};

}  // namespace leat::server
