#pragma once

#include <memory>

#include "server/broker/broker.hpp"
#include "server/config/log_throttle.hpp"
#include "server/http/handler.hpp"
#include "server/net/connection_limiter.hpp"
#include "server/net/connection_set.hpp"
#include "server/net/http_connection.hpp"
#include "server/net/listener.hpp"
#include "server/net/network_memory.hpp"

namespace leat::server {

struct HttpEndpointOptions {
  Endpoint listen;
  HttpConnectionOptions connection;
  std::shared_ptr<ClientList> clients = std::make_shared<ClientList>();
};

/// HTTP and WebSocket on a TCP port: its listener, and all of its connections. Created, started and stopped by one thread; the
/// connections live on the shards.
class HttpEndpoint {
 public:
  static Result<std::unique_ptr<HttpEndpoint>> bind(Broker& broker, ConnectionLimiter& limiter, HttpHandler& handler,
                                                    NetworkMemory memory, const HttpEndpointOptions& options);

  void start() { listener_->start(); }
  /// As NativeEndpoint::stop.
  void stop(std::chrono::milliseconds deadline);
  [[nodiscard]] const Endpoint& endpoint() const { return listener_->endpoint(); }

 private:
  HttpEndpoint(Broker& broker, ConnectionLimiter& limiter, HttpHandler& handler, NetworkMemory memory,
               const HttpEndpointOptions& options);
  bool admit(boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer);
  void accepted(boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard);

  Broker& broker_;
  ConnectionLimiter& limiter_;
  HttpHandler& handler_;
  const NetworkMemory memory_;
  const HttpEndpointOptions options_;
  log::Throttle refusals_;  ///< the first shard's
  std::shared_ptr<Listener> listener_;
  ConnectionSet connections_;
};

}  // namespace leat::server
