#include "server/net/native_endpoint.hpp"

#include "protocol/native/codec.hpp"
#include "server/config/logging.hpp"

namespace leat::server {
namespace {

/// Says why, as far as that takes no waiting.
void refuse(boost::asio::ip::tcp::socket& socket) {
  const Error error(Errc::limit_reached, "too many connections");
  std::vector<std::byte> frame;
  native::encode_frame(native::ErrorReply{error.code, error.context, is_retriable(error.code)}, 0, 0, frame);
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(frame), ignored);
  socket.shutdown(boost::asio::socket_base::shutdown_send, ignored);
}

}  // namespace

NativeEndpoint::NativeEndpoint(Broker& broker, ConnectionLimiter& limiter, NetworkMemory memory, NativeEndpointOptions options)
    : broker_(broker),
      limiter_(limiter),
      options_(std::move(options)),
      memory_(std::move(memory)),
      connections_(broker.shards()) {}

Result<std::unique_ptr<NativeEndpoint>> NativeEndpoint::bind(Broker& broker, ConnectionLimiter& limiter, NetworkMemory memory,
                                                             NativeEndpointOptions options) {
  std::unique_ptr<NativeEndpoint> endpoint(new NativeEndpoint(broker, limiter, std::move(memory), std::move(options)));
  NativeEndpoint* const self = endpoint.get();
  LEAT_ASSIGN(endpoint->listener_,
              Listener::bind(
                  broker.shards(), self->options_.listen,
                  [self](boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer) { return self->admit(socket, peer); },
                  [self](boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard) {
                    self->accepted(std::move(socket), peer, shard);
                  }));
  return endpoint;
}

bool NativeEndpoint::admit(boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer) {
  ShardMetrics& metrics = broker_.shards().front()->metrics();
  if (limiter_.enter(peer.address())) {
    metrics.connections_accepted[ShardMetrics::native].add(1);
    return true;
  }
  metrics.connections_refused[ShardMetrics::native].add(1);
  if (const auto left_out = refusals_.admit(std::chrono::steady_clock::now())) {
    log::warn("connection refused, too many", {{"peer", peer.address().to_string()}, {"not_logged_before", *left_out}});
  }
  refuse(socket);
  return false;
}

void NativeEndpoint::accepted(boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard) {
  auto connection = std::make_shared<TcpConnection>(std::move(socket), shard, memory_.receiving, options_.timeouts);
  if (!connections_.add(shard, connection)) return limiter_.leave(peer.address());
  NativeSessionOptions session_options = options_.session;
  session_options.peer = peer.address().to_string() + ":" + std::to_string(peer.port());
  ClientEntry client = options_.clients->enter(session_options.peer, "leat.v1");
  session_options.client = client;
  auto session = std::make_shared<NativeSession>(broker_, shard, *connection, memory_.sending, std::move(session_options));
  const auto counted = std::make_shared<ConnectionCount>(shard.metrics(), Transport::native);
  connection->start(std::move(session), [this, &shard, counted, client = std::move(client), weak = std::weak_ptr(connection),
                                         address = peer.address()] {
    limiter_.leave(address);
    connections_.remove(shard, weak.lock());
  });
}

void NativeEndpoint::stop(std::chrono::milliseconds deadline) {
  listener_->stop();
  if (const std::size_t cut_off = connections_.stop(deadline); cut_off > 0) {
    log::warn("connections cut off", {{"connections", cut_off}});
  }
}

}  // namespace leat::server
