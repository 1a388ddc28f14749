#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/broker/shard.hpp"
#include "server/net/client_list.hpp"
#include "server/net/connection.hpp"
#include "server/net/connection_set.hpp"
#include "server/net/deadline_watch.hpp"
#include "server/net/network_memory.hpp"
#include "server/net/pace.hpp"
#include "server/net/receive_buffer.hpp"
#include "server/net/socket_writer.hpp"
#include "server/net/tcp_connection.hpp"
#include "server/net/web_socket_transport.hpp"

namespace leat::server {

struct WebSocketOptions {
  ConnectionTimeouts timeouts;  ///< frame: from a message's first bytes to its last
  /// A peer from which nothing came for half as long is pinged, and gone if it does not answer in the other half.
  std::chrono::milliseconds idle_timeout{180'000};
  std::size_t message_bytes_max = 8U << 20;
  std::string subprotocol;  ///< empty: none
  ClientEntry client;
  /// The session takes text messages, each as a whole; otherwise a stream of bytes, carried by binary messages whose boundaries
  /// mean nothing.
  bool whole_text_messages = false;
};

/// A WebSocket (RFC 6455) between a peer and a session. What a session sends between two end_message() calls, or until it is
/// flushed, goes out as one message, unfragmented and uncompressed. Beast does the rest: the handshakes, and all that a peer
/// sends. One shard.
class WebSocketConnection final : public Connection,
                                  public OpenConnection,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  using Upgrade = boost::beast::http::request<boost::beast::http::empty_body>;

  WebSocketConnection(boost::asio::ip::tcp::socket socket, Shard& shard, NetworkMemory memory, WebSocketOptions options);

  /// Answers the upgrade, and runs until either side closes; `ended` is called then.
  void start(Upgrade upgrade, std::shared_ptr<Session> session, std::function<void()> ended);
  void drain() override;
  void close() override;

  void send(SharedBytes bytes, bool lent) override;
  void end_message() override;
  void flush_soon() override;
  [[nodiscard]] std::size_t unsent_bytes() const override { return message_bytes_unsent_ + writer_.unsent_bytes(); }
  void resume_reading() override { resume_.cancel(); }
  void close_when_flushed() override;
  void close_because(const Error& error) override;

 private:
  using Time = DeadlineWatch::Time;
  using Stream = boost::beast::websocket::stream<WebSocketTransport, false>;
  static constexpr Time kNever = DeadlineWatch::kNever;

  void configure();
  boost::asio::awaitable<void> run(Upgrade upgrade);
  /// False at the end of the connection.
  boost::asio::awaitable<bool> receive_some();
  /// The first bytes of a message.
  boost::asio::awaitable<bool> receive_first();
  boost::asio::awaitable<bool> receive_more();
  boost::asio::awaitable<void> pause();
  bool handle_input();
  void on_control_frame(boost::beast::websocket::frame_type type);
  void on_flushed();
  void close_with(boost::beast::websocket::close_code code);
  void expect_message();
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return stream_.next_layer().next_layer(); }
  [[nodiscard]] Time deadline() const;
  [[nodiscard]] Time next_look() const;
  void look_at_deadlines();
  [[nodiscard]] bool holds_up_others(Time now);

  Stream stream_;
  Shard& shard_;
  const NetworkMemory memory_;
  const WebSocketOptions options_;
  std::shared_ptr<Session> session_;
  std::function<void()> ended_;

  ReceiveBuffer input_;
  ByteBudget::Ticket waiting_for_room_ = 0;
  std::array<std::byte, 256> first_bytes_{};  ///< of a message: a quiet connection holds no block for it
  std::size_t wanted_bytes_ = 0;
  bool message_begun_ = false;
  std::uint64_t message_bytes_ = 0;  ///< received of it
  bool message_ready_ = false;       ///< received to its end, and not taken by the session yet
  boost::asio::steady_timer resume_;
  /// Of the wait for a message: Beast goes through empty fragments without a word.
  Time wait_check_ = kNever;
  std::uint64_t received_at_wait_ = 0;
  std::uint64_t received_at_control_frame_ = 0;
  std::size_t control_frames_ = 0;  ///< since control_frames_since_
  Time control_frames_since_{};

  /// Of the message that is being sent: its length goes before it.
  struct Piece {
    SharedBytes bytes;
    bool lent;
  };
  std::vector<Piece> message_;
  std::size_t message_bytes_unsent_ = 0;
  SocketWriter writer_;

  DeadlineWatch deadlines_;
  Time handshake_deadline_ = kNever;
  Time message_deadline_ = kNever;
  Pace receiving_;  ///< while there is a message_deadline_
  std::uint64_t received_bytes_total_ = 0;
  boost::beast::websocket::close_reason close_reason_{boost::beast::websocket::close_code::normal};
  bool closing_ = false;
  bool says_goodbye_ = false;  ///< our closing handshake has begun
  bool peer_closes_ = false;
  bool closed_ = false;
};

}  // namespace leat::server
