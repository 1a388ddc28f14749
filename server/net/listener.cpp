#include "server/net/listener.hpp"

#include <boost/asio/error.hpp>

#include "server/config/logging.hpp"

namespace leat::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPauseWithoutDescriptors{200};

}  // namespace

Listener::Listener(std::span<const std::unique_ptr<Shard>> shards, Admit admit, Accepted accepted)
    : shards_(shards),
      admit_(std::move(admit)),
      accepted_(std::move(accepted)),
      acceptor_(shards.front()->io()),
      pause_(shards.front()->io()) {}

Result<std::shared_ptr<Listener>> Listener::bind(std::span<const std::unique_ptr<Shard>> shards, const Endpoint& endpoint,
                                                 Admit admit, Accepted accepted) {
  std::shared_ptr<Listener> listener(new Listener(shards, std::move(admit), std::move(accepted)));
  const auto failed = [&](const char* what, const error_code& error) {
    return Error(Errc::io_error, std::string(what) + " " + endpoint.to_string() + ": " + error.message());
  };
  error_code error;
  tcp::resolver resolver(shards.front()->io());
  const auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::passive, error);
  if (error || found.empty()) return failed("cannot resolve", error);
  const tcp::endpoint address = found.begin()->endpoint();
  tcp::acceptor& acceptor = listener->acceptor_;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("cannot listen on", error);
  listener->endpoint_ = {endpoint.host, acceptor.local_endpoint().port()};
  return listener;
}

void Listener::start() {
  shards_.front()->post([self = shared_from_this()] { self->accept(); });
}

void Listener::stop() {
  shards_.front()->post([self = shared_from_this()] {
    error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

void Listener::hand_over(tcp::socket socket, Shard& shard) {
  error_code gone;
  const Peer peer = socket.remote_endpoint(gone);
  if (gone || !admit_(socket, peer)) return;
  // Without the listener: should the other shard never come to it, nothing of the first one must be left there.
  shard.post(
      [accepted = accepted_, peer, &shard, socket = std::move(socket)]() mutable { accepted(std::move(socket), peer, shard); });
}

void Listener::accept() {
  Shard& shard = *shards_[next_shard_++ % shards_.size()];
  acceptor_.async_accept(shard.io(), [self = shared_from_this(), &shard](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
    if (!error) {
      self->hand_over(std::move(socket), shard);
      return self->accept();
    }
    if (const auto left_out = self->failures_.admit(std::chrono::steady_clock::now())) {
      log::warn("accept failed",
                {{"endpoint", self->endpoint_.to_string()}, {"error", error.message()}, {"not_logged_before", *left_out}});
    }
    self->pause_.expires_after(kPauseWithoutDescriptors);
    self->pause_.async_wait([self](const error_code& stopped) {
      if (!stopped) self->accept();
    });
  });
}

}  // namespace leat::server
