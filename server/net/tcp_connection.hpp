#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "server/broker/shard.hpp"
#include "server/net/connection.hpp"
#include "server/net/outbox.hpp"
#include "server/net/receive_buffer.hpp"

namespace leat::server {

/// Moves bytes between a TCP socket and a session: large reads into recycled memory, gathered writes of whatever there is, one
/// shard.
class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(boost::asio::ip::tcp::socket socket, Shard& shard, std::shared_ptr<storage::BlockPool> blocks,
                std::chrono::milliseconds handshake_timeout);

  /// Runs until either side closes; `ended` is called then.
  void start(std::shared_ptr<Session> session, std::function<void()> ended);
  void drain() { session_->drain(); }
  void close();

  void send(SharedBytes bytes, bool lent) override { outbox_.push(std::move(bytes), lent); }
  void flush_soon() override;
  [[nodiscard]] std::size_t unsent_bytes() const override { return outbox_.bytes(); }
  void resume_reading() override;
  void close_when_flushed() override;

 private:
  boost::asio::awaitable<void> read_loop();
  /// False when the connection is at its end.
  bool handle_input();
  void flush();
  void wait_writable();
  /// Everything is sent: says so to the peer, and closes when it has closed too or has had its time.
  void linger();
  void discard_input();

  boost::asio::ip::tcp::socket socket_;
  Shard& shard_;
  const std::chrono::milliseconds handshake_timeout_;
  std::shared_ptr<Session> session_;
  std::function<void()> ended_;
  ReceiveBuffer input_;
  std::size_t wanted_bytes_ = 0;
  Outbox outbox_;
  boost::asio::steady_timer resume_;
  boost::asio::steady_timer deadline_;
  bool flush_scheduled_ = false;
  bool writing_ = false;  ///< waiting for the socket to take more
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace leat::server
