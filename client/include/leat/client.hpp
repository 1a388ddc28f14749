#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "leat/async.hpp"
#include "protocol/base/uuid.hpp"

namespace leat {

namespace client {
class Core;
}

/// Times out of range are brought within it (at most a year).
struct ClientOptions {
  /// leat://HOST[:PORT], port 7420 when not given; or ws://HOST[:PORT][/PATH], a WebSocket for networks that let nothing else
  /// through, port 7421 and path /v1/ws when not given. wss:// is refused: TLS is not built in yet.
  std::string url = "leat://127.0.0.1:7420";
  std::string client_name = "leat-cpp";  ///< how the broker's logs name this client; at most 256 bytes count
  /// Of one attempt to connect: resolving the name, connecting, the WebSocket's handshake and the hello. The client goes on
  /// trying after it.
  std::chrono::milliseconds connect_timeout{5'000};
  /// Of one request (Admin's, and those that begin a subscription), from the call to the answer, reconnecting included.
  /// Publishing has ProducerOptions::delivery_timeout instead.
  std::chrono::milliseconds request_timeout{30'000};
  /// Between attempts to connect: twice as long each time, up to the maximum, less a random part of up to a half.
  std::chrono::milliseconds reconnect_backoff_min{50};
  std::chrono::milliseconds reconnect_backoff_max{5'000};
  /// After such a silence the peer is asked whether it is still there; after another without an answer the connection is lost.
  /// 0: never asked.
  std::chrono::milliseconds ping_interval{30'000};
};

/// What the broker said of itself in its hello.
struct ServerInfo {
  std::string name;
  std::string version;
  Uuid broker_id;
  std::uint16_t protocol_version = 0;
};

/// The connection to a broker: owned by the user, shared by any number of Producers, Consumers and Admins. It connects by itself,
/// and again after every loss, with exponential backoff and jitter, for as long as it exists.
///
/// Producers and the like may outlive it (unless it is on the caller's executor and that is gone): they fail with Errc::closed
/// then.
///
/// Threads: every function may be called from any thread, apart from the blocking ones, which must not be called on the
/// client's own thread or within its handlers (they would wait for themselves: asserted). `Client(options)` runs one thread of
/// its own; with `Client(executor, options)` all work is done on that executor (a strand of it), which must outlive the client
/// and be run by somebody.
///
/// Failure: a request completes with Errc::connection_failed when it could not be sent within request_timeout, with
/// Errc::timed_out when it was sent and not answered (the outcome is unknown), and with Errc::connection_lost when the connection
/// broke after it was sent and it is not one that may safely be sent again. An unusable URL fails everything with
/// Errc::invalid_argument. Something else than a broker at the address is Errc::connection_failed, and the text says so; so is a
/// WebSocket that was refused, with the HTTP status.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  explicit Client(asio::any_io_executor executor, ClientOptions options = {});
  /// Closes. With a thread of its own, waits until every handler that was due has run; so not on that thread (asserted).
  /// While a host name is being resolved that includes the resolver, which cannot be interrupted: its timeouts bound the wait.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The outcome of the present attempt to connect, or at once when connected: for programs that would rather report a broker
  /// that is not there than wait for it. The client goes on trying whatever the outcome.
  template <CompletionToken<ServerInfo> Token>
  auto async_connect(Token&& token) {
    return initiate<ServerInfo>(core_, std::forward<Token>(token), &Client::start_connect);
  }
  Result<ServerInfo> connect();

  /// Drops the connection for good: whatever is pending completes with Errc::closed, and so does whatever is begun later.
  void close();

  [[nodiscard]] bool is_connected() const;
  [[nodiscard]] asio::any_io_executor get_executor() const;

  /// For Producer, Consumer and Admin.
  [[nodiscard]] const std::shared_ptr<client::Core>& core() const { return core_; }

 private:
  struct OwnThread;
  static void start_connect(client::Core& core, Handler<ServerInfo> handler);

  std::unique_ptr<OwnThread> own_thread_;
  std::shared_ptr<client::Core> core_;
};

}  // namespace leat
