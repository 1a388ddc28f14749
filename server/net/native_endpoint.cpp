#include "server/net/native_endpoint.hpp"

#include "protocol/native/codec.hpp"
#include "server/config/logging.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kReadBlockBytes = 256U << 10;
constexpr std::size_t kSpareReadBlocks = 64;

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

NativeEndpoint::NativeEndpoint(Broker& broker, ConnectionLimiter& limiter, NativeEndpointOptions options)
    : broker_(broker),
      limiter_(limiter),
      options_(std::move(options)),
      memory_(std::make_shared<ReceiveMemory>(kReadBlockBytes, kSpareReadBlocks, options_.receive_bytes_max)),
      sending_(std::make_shared<ByteBudget>(options_.send_bytes_max)),
      connections_(broker.shards().size()) {}

Result<std::unique_ptr<NativeEndpoint>> NativeEndpoint::bind(Broker& broker, ConnectionLimiter& limiter,
                                                             NativeEndpointOptions options) {
  std::unique_ptr<NativeEndpoint> endpoint(new NativeEndpoint(broker, limiter, std::move(options)));
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
  if (limiter_.enter(peer.address())) return true;
  if (const auto left_out = refusals_.admit(std::chrono::steady_clock::now())) {
    log::warn("connection refused, too many", {{"peer", peer.address().to_string()}, {"not_logged_before", *left_out}});
  }
  refuse(socket);
  return false;
}

void NativeEndpoint::accepted(boost::asio::ip::tcp::socket socket, const Listener::Peer& peer, Shard& shard) {
  {
    // One that is counted here is told to drain; one that comes later was accepted too late.
    const std::lock_guard lock(mutex_);
    if (stopping_) return limiter_.leave(peer.address());
    ++open_;
  }
  auto connection = std::make_shared<TcpConnection>(std::move(socket), shard, memory_, options_.timeouts);
  NativeSessionOptions session_options = options_.session;
  session_options.peer = peer.address().to_string() + ":" + std::to_string(peer.port());
  auto session = std::make_shared<NativeSession>(broker_, shard, *connection, sending_, std::move(session_options));
  session->start();
  auto& own = connections_[shard.number()];
  own.insert(connection);
  connection->start(std::move(session), [this, &own, weak = std::weak_ptr(connection), address = peer.address()] {
    limiter_.leave(address);
    own.erase(weak.lock());
    const std::lock_guard lock(mutex_);
    --open_;
    one_less_.notify_all();
  });
}

void NativeEndpoint::on_every_connection(void (TcpConnection::*action)()) {
  for (const auto& shard : broker_.shards()) {
    shard->post([this, number = shard->number(), action] {
      const auto connections = connections_[number];  // they leave the set while they are told
      for (const auto& connection : connections) ((*connection).*action)();
    });
  }
}

void NativeEndpoint::stop(std::chrono::milliseconds deadline) {
  listener_->stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  on_every_connection(&TcpConnection::drain);
  std::unique_lock lock(mutex_);
  const auto none_left = [this] { return open_ == 0; };
  if (one_less_.wait_for(lock, deadline, none_left)) return;
  log::warn("connections cut off", {{"connections", open_}});
  lock.unlock();
  on_every_connection(&TcpConnection::close);
  lock.lock();
  one_less_.wait(lock, none_left);
}

}  // namespace leat::server
