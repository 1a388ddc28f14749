#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "server/broker/shard.hpp"
#include "server/http/handler.hpp"
#include "server/net/client_list.hpp"
#include "server/net/connection_set.hpp"
#include "server/net/network_memory.hpp"
#include "server/net/pace_guard.hpp"
#include "server/net/tcp_connection.hpp"

namespace leat::server {

struct HttpConnectionOptions {
  ConnectionTimeouts timeouts;                     ///< handshake: for a request's head; frame: for its body
  std::chrono::milliseconds idle_timeout{75'000};  ///< between requests
  std::size_t body_bytes_max = 8U << 20;
  std::size_t message_bytes_max = 8U << 20;  ///< of WebSocket messages
};

/// One HTTP/1.1 connection: requests one after the other, whether they were sent ahead or not. It becomes another kind of
/// connection when a request asks for a WebSocket or for a stream without end. One shard.
class HttpConnection final : public OpenConnection, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, std::string peer, ClientEntry client, Shard& shard, HttpHandler& handler,
                 NetworkMemory memory, HttpConnectionOptions options);

  /// Runs until either side closes; `ended` is called then. `counted` is told when the connection becomes another kind.
  void start(std::shared_ptr<ConnectionCount> counted, std::function<void()> ended);
  void drain() override;
  void close() override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  boost::asio::awaitable<void> serve();
  /// False when there is none to be expected any more.
  boost::asio::awaitable<bool> receive_head(Parser& parser);
  /// False when the connection cannot go on.
  boost::asio::awaitable<bool> answer(Parser& parser);
  /// An answer to what does not come before the handler.
  [[nodiscard]] HttpResponse refusal_of(const HttpRequest& head, HttpResponse response) const;
  boost::asio::awaitable<Result<SharedBytes>> receive_body(Parser& parser);
  boost::asio::awaitable<bool> send(HttpResponse response, const Parser& parser);
  /// Of an answer that has a share of the memory for sending; null for a small one.
  std::unique_ptr<PaceGuard> watch_sending(std::uint64_t bytes);
  void evict(std::size_t unsent_bytes, std::size_t unfinished_bytes);
  boost::asio::awaitable<void> open_web_socket(const Parser& parser, HttpRequest head);
  void open_stream(const HttpResponse& response);
  /// The peer reads the last answer before the connection ends.
  boost::asio::awaitable<void> linger();

  boost::beast::tcp_stream stream_;
  const std::string peer_;
  ClientEntry client_;  ///< until it has ended, whatever it becomes
  Shard& shard_;
  HttpHandler& handler_;
  const NetworkMemory memory_;
  const HttpConnectionOptions options_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<ConnectionCount> counted_;
  std::function<void()> ended_;
  std::shared_ptr<OpenConnection> successor_;  ///< what this connection has become
  bool answering_ = false;
  bool answered_ = false;  ///< a request, at least
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace leat::server
