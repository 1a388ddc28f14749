#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <memory>
#include <utility>

#include "server/net/socket_writer.hpp"

namespace leat::server {

/// The layer below Beast's WebSocket stream. Once the upgrade is answered, what Beast writes of its own (pongs, pings, the close)
/// lines up behind our frames, so that no frame is cut by another. An AsyncReadStream and AsyncWriteStream.
class WebSocketTransport {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;

  explicit WebSocketTransport(Socket socket) : socket_(std::move(socket)) {}

  void write_through(SocketWriter& writer) { writer_ = &writer; }

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& next_layer() { return socket_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const auto& bytes) {
          if (writer_ == nullptr) return socket_.async_write_some(bytes, std::move(handler));
          const std::size_t size = queue(bytes);
          // Behind the close Beast shuts the socket down: it has to know when all before it is sent.
          auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
          writer_->when_sent([this, waiting, size](const boost::system::error_code& error) {
            boost::asio::post(get_executor(), boost::beast::bind_front_handler(std::move(*waiting), error, size));
          });
        },
        token, buffers);
  }

 private:
  template <class Buffers>
  std::size_t queue(const Buffers& buffers) {
    std::vector<std::byte> bytes(boost::asio::buffer_size(buffers));
    boost::asio::buffer_copy(boost::asio::buffer(bytes), buffers);
    const std::size_t size = bytes.size();
    writer_->push(SharedBytes(std::move(bytes)), false);
    return size;
  }

  Socket socket_;
  SocketWriter* writer_ = nullptr;
};

/// What Beast calls at the end of the closing handshake (found by argument-dependent lookup).
template <class Handler>
void async_teardown(boost::beast::role_type role, WebSocketTransport& transport, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, transport.next_layer(), std::forward<Handler>(handler));
}

}  // namespace leat::server
