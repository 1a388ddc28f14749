#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "server/broker/shard.hpp"
#include "server/net/client_list.hpp"
#include "server/net/connection.hpp"
#include "server/net/connection_set.hpp"
#include "server/net/deadline_watch.hpp"
#include "server/net/pace.hpp"
#include "server/net/receive_buffer.hpp"
#include "server/net/socket_writer.hpp"

namespace leat::server {

struct ConnectionTimeouts {
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds frame{30'000};  ///< from the first bytes of a frame, or from the room for it, to its last
  std::chrono::milliseconds send{60'000};   ///< for the peer to take what waits for it
};

/// Moves bytes between a TCP socket and a session: large reads into recycled memory, gathered writes of whatever there is, one
/// shard. A peer that keeps memory busy without getting on is closed: within the timeouts, or as soon as others wait for it.
class TcpConnection final : public Connection, public OpenConnection, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(boost::asio::ip::tcp::socket socket, Shard& shard, std::shared_ptr<const ReceiveMemory> memory,
                const ConnectionTimeouts& timeouts, ClientEntry client = nullptr);

  /// Runs until either side closes; `ended` is called then.
  void start(std::shared_ptr<Session> session, std::function<void()> ended);
  void drain() override { session_->drain(); }
  void close() override;

  void send(SharedBytes bytes, bool lent) override { writer_.push(std::move(bytes), lent); }
  [[nodiscard]] bool sends_files() const override { return storage::tells_cached(); }
  void send_file(const storage::FileRange& range) override { writer_.push(range); }
  void flush_soon() override { writer_.flush_soon(); }
  [[nodiscard]] std::size_t unsent_bytes() const override { return writer_.unsent_bytes(); }
  void resume_reading() override { resume_.cancel(); }
  void close_when_flushed() override;

 private:
  using Time = DeadlineWatch::Time;
  static constexpr Time kNever = DeadlineWatch::kNever;

  void set_socket_options();
  boost::asio::awaitable<void> read_loop();
  /// Until resume_reading(), or room in memory.
  boost::asio::awaitable<void> pause();
  void wait_for_room();
  void on_room(ByteBudget::Ticket ticket, ByteBudget::Share share);
  /// There is room without a share: one that comes all the same goes to others.
  void stop_waiting_for_room();
  /// False when the connection is at its end.
  bool handle_input();
  /// The rest of a frame has to come in time.
  void expect_frame();
  void on_flushed();
  /// Everything is sent: says so to the peer, and closes when it has closed too or has had its time.
  void linger();
  void discard_input();
  /// Until when the peer must have got on with something.
  [[nodiscard]] Time deadline() const;
  /// When that, or the peer's pace, is to be looked at.
  [[nodiscard]] Time next_look() const;
  void look_at_deadlines();
  /// The peer is slow with memory that others wait for.
  [[nodiscard]] bool holds_up_others(Time now);
  void evict();

  boost::asio::ip::tcp::socket socket_;
  Shard& shard_;
  const ConnectionTimeouts timeouts_;
  const std::shared_ptr<const ReceiveMemory> memory_;
  const ClientEntry client_;  ///< or null
  std::shared_ptr<Session> session_;
  std::function<void()> ended_;
  ReceiveBuffer input_;
  std::size_t wanted_bytes_ = 0;
  SocketWriter writer_;
  boost::asio::steady_timer resume_;
  ByteBudget::Ticket waiting_for_room_ = 0;

  DeadlineWatch deadlines_;
  Time handshake_deadline_ = kNever;
  Time frame_deadline_ = kNever;
  Pace receiving_;  ///< while there is a frame_deadline_
  std::uint64_t received_bytes_total_ = 0;
  Time linger_deadline_ = kNever;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace leat::server
