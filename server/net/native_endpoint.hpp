#pragma once

#include <memory>

#include "server/broker/broker.hpp"
#include "server/config/log_throttle.hpp"
#include "server/net/connection_limiter.hpp"
#include "server/net/connection_set.hpp"
#include "server/net/listener.hpp"
#include "server/net/network_memory.hpp"
#include "server/net/tcp_connection.hpp"
#include "server/session/native_session.hpp"

namespace leat::server {

struct NativeEndpointOptions {
  Endpoint listen;
  NativeSessionOptions session;
  ConnectionTimeouts timeouts;
  std::shared_ptr<ClientList> clients = std::make_shared<ClientList>();
};

/// The native protocol on a TCP port: its listener, and all of its connections. Created, started and stopped by one thread; the
/// connections live on the shards.
class NativeEndpoint {
 public:
  static Result<std::unique_ptr<NativeEndpoint>> bind(Broker& broker, ConnectionLimiter& limiter, NetworkMemory memory,
                                                      NativeEndpointOptions options);

  void start() { listener_->start(); }
  /// Accepts no more and lets every session finish what it has; those that have not by the deadline are cut off. The shards still
  /// run.
  void stop(std::chrono::milliseconds deadline);
  [[nodiscard]] const Endpoint& endpoint() const { return listener_->endpoint(); }

 private:
  NativeEndpoint(Broker& broker, ConnectionLimiter& limiter, NetworkMemory memory, NativeEndpointOptions options);
  bool admit(boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer);
  void accepted(boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard);

  Broker& broker_;
  ConnectionLimiter& limiter_;
  const NativeEndpointOptions options_;
  const NetworkMemory memory_;
  log::Throttle refusals_;  ///< the first shard's
  std::shared_ptr<Listener> listener_;
  ConnectionSet connections_;
};

}  // namespace leat::server
