#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>

#include "protocol/base/result.hpp"
#include "server/broker/shard.hpp"
#include "server/config/endpoint.hpp"
#include "server/config/log_throttle.hpp"

namespace leat::server {

/// Accepts connections and spreads them over the shards in turn. Runs on the first shard; out of file descriptors it waits a
/// little instead of spinning.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Peer = boost::asio::ip::tcp::endpoint;
  /// Called as soon as there is a connection, on the first shard: false when there is no place for it. Any later, and a burst of
  /// connections takes every file descriptor before one of them is refused.
  using Admit = std::function<bool(boost::asio::ip::tcp::socket&, const Peer&)>;
  /// Called for what was admitted, on the shard that is to run it.
  using Accepted = std::function<void(boost::asio::ip::tcp::socket, const Peer&, Shard&)>;

  /// Binds and listens; io_error names the endpoint. Nothing is accepted before start().
  static Result<std::shared_ptr<Listener>> bind(std::span<const std::unique_ptr<Shard>> shards, const Endpoint& endpoint,
                                                Admit admit, Accepted accepted);

  void start();
  /// Any thread; connections that were accepted stay.
  void stop();
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }  ///< with the port that was bound

 private:
  Listener(std::span<const std::unique_ptr<Shard>> shards, Admit admit, Accepted accepted);
  void accept();
  void hand_over(boost::asio::ip::tcp::socket socket, Shard& shard);

  const std::span<const std::unique_ptr<Shard>> shards_;
  const Admit admit_;
  const Accepted accepted_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Endpoint endpoint_;
  std::size_t next_shard_ = 0;
  log::Throttle failures_;
};

}  // namespace leat::server
