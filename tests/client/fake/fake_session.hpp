#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "protocol/native/codec.hpp"
#include "protocol/native/messages.hpp"

namespace leat::testing {

class FakeBroker;

/// One client's connection to a FakeBroker, whose lock is held in all but start(). Frames in, frames out; the broker decides.
class FakeSession : public std::enable_shared_from_this<FakeSession> {
 public:
  struct Subscription {
    native::TopicPartition target;
    Offset next;
    std::int64_t credit_bytes = 0;
  };

  FakeSession(boost::asio::ip::tcp::socket socket, FakeBroker& broker) : socket_(std::move(socket)), broker_(broker) {}

  void start();
  void send(const native::Message& message, std::uint64_t correlation, ByteSpan payload = {});
  void close();

  std::map<std::uint32_t, Subscription> subscriptions;
  std::vector<native::PublishAck> withheld;

 private:
  void read();
  void on_read(std::size_t bytes);
  void write();

  boost::asio::ip::tcp::socket socket_;
  FakeBroker& broker_;
  std::vector<std::byte> input_;
  std::size_t filled_ = 0;
  std::vector<std::byte> queued_;
  std::vector<std::byte> writing_;
  bool closed_ = false;
};

}  // namespace leat::testing
