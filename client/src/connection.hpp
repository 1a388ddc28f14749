#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "client/src/endpoint.hpp"
#include "client/src/frame_reader.hpp"
#include "client/src/transport.hpp"
#include "client/src/write_queue.hpp"
#include "protocol/base/result.hpp"
#include "protocol/native/codec.hpp"
#include "protocol/native/messages.hpp"

namespace leat::client {

namespace asio = boost::asio;

/// What a Connection tells its owner, on its executor.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void on_open(const native::HelloReply& reply) = 0;
  virtual void on_message(native::Decoded& decoded, const SharedBytes& payload) = 0;
  /// Everything that one read brought has been told.
  virtual void on_turn_end() = 0;
  /// The last call. connection_failed when it was never open.
  virtual void on_lost(const Error& error) = 0;
};

struct ConnectionOptions {
  Endpoint endpoint;
  std::string client_name;
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds ping_interval{};
  std::size_t receive_block_bytes = FrameReader::kBlockBytes;
};

/// One connection from connecting to its loss; never used twice. Large reads with every complete frame in them handled at once,
/// one gathered write at a time. Asks after a silent peer. Owned by the client's core and by its own pending operations; all
/// functions on the executor given, which must not run two handlers at a time.
class Connection final : public TransportUser, public std::enable_shared_from_this<Connection> {
 public:
  /// The first correlation that the owner may use; those below are the connection's own.
  static constexpr std::uint64_t kFirstCorrelation = 16;

  Connection(const asio::any_io_executor& executor, ConnectionOptions options, std::shared_ptr<BlockPool> blocks,
             std::weak_ptr<ConnectionListener> listener);

  void start();
  /// Queues a frame; flush() has it written. What is queued is limited by who calls: see Core.
  void send(const native::Message& message, std::uint64_t correlation, SharedBytes payload = {});
  void flush();
  /// Ends it without telling the listener.
  void close();

  // TransportUser.
  void on_ready(const boost::system::error_code& problem) override;
  void on_received(const boost::system::error_code& problem, std::size_t bytes) override;
  void on_sent(const boost::system::error_code& problem) override;

 private:
  enum class State { idle, connecting, greeting, open, closed };

  void resolve();
  void connect(const asio::ip::tcp::resolver::results_type& candidates);
  void greet();
  void read();
  Result<void> handle_frames(ConnectionListener& listener);
  Result<void> handle(native::Decoded& decoded, const SharedBytes& payload, ConnectionListener& listener);
  Result<void> handle_greeting(const native::Message& message, ConnectionListener& listener);
  [[nodiscard]] Error not_a_broker(ByteSpan answer) const;
  void watch_connecting();
  void watch_silence();
  void hear();
  /// Of a large frame parts arrive without being read yet.
  void look_into_socket();
  /// `what`: of the transport, or of what came before it.
  void fail(const char* doing, const std::string& what);
  void fail(const Error& error);
  void shut();

  ConnectionOptions options_;
  std::weak_ptr<ConnectionListener> listener_;
  asio::ip::tcp::resolver resolver_;
  const std::shared_ptr<Transport> transport_;
  asio::steady_timer timer_;
  State state_ = State::idle;
  FrameReader reader_;
  WriteQueue writes_;
  bool in_frames_ = false;
  std::size_t waiting_bytes_ = 0;  ///< in the socket when the timer was set
  bool heard_ = false;             ///< something was received since the timer was set
  bool ping_waiting_ = false;      ///< a ping has not been answered by anything yet
};

}  // namespace leat::client
