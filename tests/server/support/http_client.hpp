#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdint>
#include <string>

namespace leat::server {

namespace http = boost::beast::http;

inline boost::asio::ip::tcp::socket connect_to(boost::asio::io_context& io, std::uint16_t port) {
  boost::asio::ip::tcp::socket socket(io);
  socket.connect({boost::asio::ip::address_v4::loopback(), port});
  return socket;
}

/// One request and its answer; blocks.
inline http::response<http::string_body> ask_http(boost::asio::ip::tcp::socket& socket, http::verb method,
                                                  const std::string& target, std::string body = {},
                                                  const std::string& type = "text/plain") {
  http::request<http::string_body> request(method, target, 11, std::move(body));
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::content_type, type);
  request.prepare_payload();
  http::write(socket, request);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(socket, buffer, response);
  return response;
}

/// The same on a connection of its own.
inline http::response<http::string_body> ask_http(std::uint16_t port, http::verb method, const std::string& target,
                                                  std::string body = {}, const std::string& type = "text/plain") {
  boost::asio::io_context io;
  auto socket = connect_to(io, port);
  return ask_http(socket, method, target, std::move(body), type);
}

/// The other end of a WebSocket; blocks.
class WebSocketClient {
 public:
  WebSocketClient(std::uint16_t port, const std::string& target, const std::string& subprotocol)
      : stream_(connect_to(io_, port)) {
    stream_.set_option(boost::beast::websocket::stream_base::decorator(
        [subprotocol](auto& head) { head.set(http::field::sec_websocket_protocol, subprotocol); }));
    stream_.handshake("127.0.0.1", target);
    stream_.binary(subprotocol == "leat.v1");
  }

  void send(std::string_view message) { stream_.write(boost::asio::buffer(message.data(), message.size())); }
  /// The next message.
  std::string receive() {
    boost::beast::flat_buffer buffer;
    stream_.read(buffer);
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
  }

 private:
  boost::asio::io_context io_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> stream_;
};

}  // namespace leat::server
