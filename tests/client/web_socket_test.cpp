// What only a WebSocket can do wrong. That the rest is as over TCP is shown by running all of these tests over both.
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <future>
#include <thread>

#include "leat/client.hpp"
#include "protocol/native/codec.hpp"
#include "tests/client/fake/broker_test.hpp"
#include "tests/client/fake/stranger.hpp"

namespace leat::testing {
namespace {

using ::testing::HasSubstr;
namespace websocket = boost::beast::websocket;
using boost::asio::ip::tcp;

ClientOptions web_socket_to(const std::string& address) {
  ClientOptions options;
  options.url = "ws://" + address;
  return options;
}

Error failure_at(const Stranger& stranger) {
  Client client(web_socket_to(stranger.address()));
  const auto connected = client.connect();
  return connected.has_error() ? connected.error() : Error(Errc::internal, "connected");
}

TEST(WebSocketClient, ARefusalIsToldWithItsStatusAndWhatTheServerSaid) {
  const Stranger stranger(
      "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nContent-Length: 27\r\n\r\n"
      "{\"detail\":\"not this origin\"}");
  const Error failure = failure_at(stranger);
  EXPECT_EQ(failure.code, Errc::connection_failed);
  EXPECT_EQ(failure.context,
            stranger.address() + ": opening the WebSocket: refused with HTTP 403 Forbidden: {\"detail\":\"not this origin\"");
}

TEST(WebSocketClient, ARefusalMayHaveNothingToSay) {
  const Stranger stranger("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(failure_at(stranger).context,
            stranger.address() + ": opening the WebSocket: refused with HTTP 429 Too Many Requests");
}

TEST(WebSocketClient, SomethingElseThanAnHttpServerIsNoBroker) {
  const Stranger stranger("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  const Error failure = failure_at(stranger);
  EXPECT_EQ(failure.code, Errc::connection_failed);
  EXPECT_THAT(failure.context, HasSubstr("not an answer of HTTP"));
}

TEST(WebSocketClient, AHandshakeThatIsNeverAnsweredTimesOut) {
  const Stranger stranger("");
  auto impatient = web_socket_to(stranger.address());
  impatient.connect_timeout = std::chrono::milliseconds(60);
  Client client(impatient);
  EXPECT_EQ(client.connect().error().code, Errc::connection_failed);
}

/// Accepts WebSockets, one behind the other, and does with each what a test wants. A client has to be gone before it.
class WebSocketServer {
 public:
  using Stream = websocket::stream<tcp::socket>;

  WebSocketServer(const char* subprotocol, std::function<void(Stream&)> then)
      : thread_([this, subprotocol, then = std::move(then)] { serve(subprotocol, then); }) {}
  ~WebSocketServer() {
    stopping_ = true;
    tcp::socket(context_).connect(acceptor_.local_endpoint());
    thread_.join();
  }
  WebSocketServer(const WebSocketServer&) = delete;
  WebSocketServer& operator=(const WebSocketServer&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  void serve(const char* subprotocol, const std::function<void(Stream&)>& then) {
    while (true) {
      Stream stream(acceptor_.accept());
      if (stopping_) return;
      stream.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& response) {
        if (subprotocol != nullptr) response.set(boost::beast::http::field::sec_websocket_protocol, subprotocol);
      }));
      boost::system::error_code gone_already;
      stream.accept(gone_already);
      if (!gone_already) then(stream);
    }
  }

  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void await_end(WebSocketServer::Stream& stream) {
  boost::beast::flat_buffer buffer;
  boost::system::error_code ended;
  while (!ended) stream.read(buffer, ended);
}

TEST(WebSocketClient, AServerWithoutTheSubprotocolIsNoBroker) {
  WebSocketServer server(nullptr, await_end);
  Client client(web_socket_to(server.address()));
  const auto connected = client.connect();
  ASSERT_TRUE(connected.has_error());
  EXPECT_EQ(connected.error().code, Errc::connection_failed);
  EXPECT_THAT(connected.error().context, HasSubstr("does not speak leat.v1"));
}

TEST(WebSocketClient, TellsWhyTheServerClosed) {
  WebSocketServer server("leat.v1", [](WebSocketServer::Stream& stream) {
    boost::system::error_code gone_already;
    stream.close({websocket::close_code::try_again_later, "too many connections"}, gone_already);
  });
  Client client(web_socket_to(server.address()));
  const auto connected = client.connect();
  ASSERT_TRUE(connected.has_error());
  EXPECT_THAT(connected.error().context, HasSubstr("closed by the broker (1013 too many connections)"));
}

TEST(WebSocketClient, TextIsNotTakenForTheProtocol) {
  WebSocketServer server("leat.v1", [](WebSocketServer::Stream& stream) {
    stream.text(true);
    boost::system::error_code gone_already;
    stream.write(boost::asio::buffer("hello", 5), gone_already);
    await_end(stream);
  });
  Client client(web_socket_to(server.address()));
  const auto connected = client.connect();
  ASSERT_TRUE(connected.has_error());
  EXPECT_EQ(connected.error().code, Errc::connection_failed);
  EXPECT_THAT(connected.error().context, HasSubstr("a text message"));
}

/// So that the client has nothing more to say.
void answer_hello(WebSocketServer::Stream& stream) {
  boost::beast::flat_buffer hello;
  stream.read(hello);
  const ByteSpan bytes(static_cast<const std::byte*>(hello.data().data()), hello.size());
  const auto frame = std::get<native::FrameView>(native::next_frame(bytes, native::kHelloFrameBytesMax).value());
  std::vector<std::byte> reply;
  native::encode_frame(native::HelloReply{1, "stranger", "0", {}, 8U << 20, 8U << 20},
                       native::decode_header(frame.header).value().correlation, 0, reply);
  stream.binary(true);
  stream.write(boost::asio::buffer(reply));
}

TEST(WebSocketClient, SaysGoodbye) {
  std::promise<std::uint16_t> told;
  WebSocketServer server("leat.v1", [&](WebSocketServer::Stream& stream) {
    answer_hello(stream);
    await_end(stream);
    told.set_value(stream.reason().code);
  });
  Client client(web_socket_to(server.address()));
  ASSERT_TRUE(client.connect().has_value());
  client.close();
  EXPECT_EQ(told.get_future().get(), websocket::close_code::normal);
}

}  // namespace
}  // namespace leat::testing
