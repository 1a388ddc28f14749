#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <variant>

#include "protocol/native/codec.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

namespace asio = boost::asio;

/// One connection of a client, spoken to by hand. The thread that calls.
class OnePeer {
 public:
  [[nodiscard]] std::string url() const { return "leat://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

  void greet() {
    acceptor_.accept(socket_);
    std::vector<std::byte> reply;
    native::HelloReply hello;
    hello.frame_bytes_max = 1 << 20;
    native::encode_frame(hello, next()->correlation, 0, reply);
    send(reply);
  }
  void send(ByteSpan bytes) { asio::write(socket_, asio::buffer(bytes.data(), bytes.size())); }
  /// The client's next message; nullopt when it has closed.
  std::optional<native::Decoded> next() {
    std::vector<std::byte> bytes(native::kFramePrefixBytes);
    boost::system::error_code problem;
    asio::read(socket_, asio::buffer(bytes), problem);
    if (problem) return std::nullopt;
    const auto need = std::get<native::FrameNeed>(native::next_frame(bytes, std::size_t{1} << 20).value());
    bytes.resize(need.bytes_total);
    asio::read(socket_, asio::buffer(bytes.data() + native::kFramePrefixBytes, bytes.size() - native::kFramePrefixBytes));
    return native::decode_header(std::get<native::FrameView>(native::next_frame(bytes, std::size_t{1} << 20).value()).header)
        .value();
  }
  /// Whether the client asks once more whether anybody is there; false when it has closed.
  bool awaits_ping() {
    while (const auto message = next()) {
      if (std::holds_alternative<native::Ping>(message->message)) return true;
    }
    return false;
  }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  asio::ip::tcp::socket socket_{context_};
};

class LargeFrame : public BrokerTest {
 protected:
  LargeFrame() {
    native::encode_frame(native::Deliver{1, Offset(1), Offset(1)}, 0, kPayloadBytes, frame_);
    frame_.resize(frame_.size() + kPayloadBytes);
    auto watchful = options();
    watchful.url = peer_.url();
    watchful.ping_interval = kSoon;
    client_.emplace(watchful);
    peer_.greet();
    peer_.send(part(kPartBytes));
  }
  ByteSpan part(std::size_t bytes) {
    const ByteSpan sent = ByteSpan(frame_).subspan(sent_bytes_, std::min(bytes, frame_.size() - sent_bytes_));
    sent_bytes_ += sent.size();
    return sent;
  }

  static constexpr std::size_t kPayloadBytes = 512U << 10;
  static constexpr std::size_t kPartBytes = 20'000;
  OnePeer peer_;
  std::optional<Client> client_;
  std::vector<std::byte> frame_;
  std::size_t sent_bytes_ = 0;
};

TEST_F(LargeFrame, APeerIsNotSilentWhileItsPartsArrive) {
  // Each part comes when the client asks, and is all the answer that it gets.
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(peer_.awaits_ping()) << i;
    peer_.send(part(kPartBytes));
  }
  peer_.send(part(kPayloadBytes));
  EXPECT_TRUE(peer_.awaits_ping());
}

TEST_F(LargeFrame, APeerThatStopsInTheMiddleIsGivenUp) {
  ASSERT_TRUE(peer_.awaits_ping());
  EXPECT_FALSE(peer_.awaits_ping());
}

TEST_F(BrokerTest, WhatASocketDoesNotTakeAtOnceIsSentAllTheSame) {
  broker.add_topic("t", 1);
  Client client(options());
  Producer producer(client, producer_options());
  std::string value(std::size_t{6} << 20, 'x');
  for (std::size_t i = 0; i < value.size(); i += 4096) value[i] = static_cast<char>('a' + i / 4096 % 26);
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text(value)).has_value());
  EXPECT_TRUE(broker.values("t") == std::vector<std::string>{value});
}

}  // namespace
}  // namespace leat::testing
