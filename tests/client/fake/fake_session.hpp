#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "protocol/native/codec.hpp"
#include "protocol/native/messages.hpp"

namespace leat::testing {

class FakeBroker;

/// One client's connection to a FakeBroker, by itself or within a WebSocket. The broker's lock is held in all but start(). Frames
/// in, frames out; the broker decides.
class FakeSession : public std::enable_shared_from_this<FakeSession> {
 public:
  struct Subscription {
    native::TopicPartition target;
    Offset next;
    std::int64_t credit_bytes = 0;
  };

  FakeSession(boost::asio::ip::tcp::socket socket, FakeBroker& broker, bool is_web_socket)
      : stream_(std::move(socket)), is_web_socket_(is_web_socket), broker_(broker) {}

  void start();
  void send(const native::Message& message, std::uint64_t correlation, ByteSpan payload = {});
  void close();

  std::map<std::uint32_t, Subscription> subscriptions;
  std::vector<native::PublishAck> withheld;

 private:
  void accept_web_socket();
  void read();
  void on_read(std::size_t bytes);
  void write();

  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> stream_;
  const bool is_web_socket_;
  FakeBroker& broker_;
  std::vector<std::byte> input_;
  std::size_t filled_ = 0;
  std::vector<std::byte> queued_;
  std::vector<std::byte> writing_;
  bool closed_ = false;
};

}  // namespace leat::testing
