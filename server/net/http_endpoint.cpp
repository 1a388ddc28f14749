#include "server/net/http_endpoint.hpp"

#include "server/config/logging.hpp"
#include "server/http/problem.hpp"

namespace leat::server {
namespace {

/// Says why, as far as that takes no waiting.
void refuse(boost::asio::ip::tcp::socket& socket) {
  const HttpResponse response = problem(Error(Errc::overloaded, "too many connections"));
  std::string answer = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n";
  for (const HttpField& field : response.fields) answer += field.name + ": " + field.value + "\r\n";
  const std::string_view body = as_text(response.body.front().span());
  answer.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(answer), ignored);
  socket.shutdown(boost::asio::socket_base::shutdown_send, ignored);
}

}  // namespace

HttpEndpoint::HttpEndpoint(Broker& broker, ConnectionLimiter& limiter, HttpHandler& handler, NetworkMemory memory,
                           const HttpEndpointOptions& options)
    : broker_(broker),
      limiter_(limiter),
      handler_(handler),
      memory_(std::move(memory)),
      options_(options),
      connections_(broker.shards()) {}

Result<std::unique_ptr<HttpEndpoint>> HttpEndpoint::bind(Broker& broker, ConnectionLimiter& limiter, HttpHandler& handler,
                                                         NetworkMemory memory, const HttpEndpointOptions& options) {
  std::unique_ptr<HttpEndpoint> endpoint(new HttpEndpoint(broker, limiter, handler, std::move(memory), options));
  HttpEndpoint* const self = endpoint.get();
  LEAT_ASSIGN(endpoint->listener_,
              Listener::bind(
                  broker.shards(), options.listen,
                  [self](boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer) { return self->admit(socket, peer); },
                  [self](boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard) {
                    self->accepted(std::move(socket), peer, shard);
                  }));
  return endpoint;
}

bool HttpEndpoint::admit(boost::asio::ip::tcp::socket& socket, const Listener::Peer& peer) {
  ShardMetrics& metrics = broker_.shards().front()->metrics();
  if (limiter_.enter(peer.address())) {
    metrics.connections_accepted[ShardMetrics::http].add(1);
    return true;
  }
  metrics.connections_refused[ShardMetrics::http].add(1);
  if (const auto left_out = refusals_.admit(std::chrono::steady_clock::now())) {
    log::warn("connection refused, too many", {{"peer", peer.address().to_string()}, {"not_logged_before", *left_out}});
  }
  refuse(socket);
  return false;
}

void HttpEndpoint::accepted(boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard) {
  std::string name = peer.address().to_string() + ":" + std::to_string(peer.port());
  ClientEntry client = options_.clients->enter(name, "http");
  auto connection = std::make_shared<HttpConnection>(std::move(socket), std::move(name), std::move(client), shard, handler_,
                                                     memory_, options_.connection);
  if (!connections_.add(shard, connection)) return limiter_.leave(peer.address());
  const auto counted = std::make_shared<ConnectionCount>(shard.metrics(), Transport::http);
  connection->start(counted, [this, &shard, counted, weak = std::weak_ptr(connection), address = peer.address()] {
    limiter_.leave(address);
    connections_.remove(shard, weak.lock());
  });
}

void HttpEndpoint::stop(std::chrono::milliseconds deadline) {
  listener_->stop();
  if (const std::size_t cut_off = connections_.stop(deadline); cut_off > 0) {
    log::warn("connections cut off", {{"connections", cut_off}, {"listener", "http"}});
  }
}

}  // namespace leat::server
