#include "client/src/web_socket_transport.hpp"

#include <algorithm>
#include <boost/beast/core/buffers_prefix.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <optional>
#include <utility>

#include "client/src/version.hpp"
#include "protocol/base/assert.hpp"

namespace leat::client {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

constexpr const char* kSubprotocol = "leat.v1";
/// A broker takes messages up to its frame_bytes_max, which it does not tell before the hello. Longer writes are cut.
constexpr std::size_t kMessageBytesMax = std::size_t{256} << 10;
/// What is sent is masked in pieces of this size, each of which is a write of its own.
constexpr std::size_t kMaskedBytesMin = std::size_t{4} << 10;
constexpr std::size_t kMaskedBytesMax = std::size_t{64} << 10;
/// Of what an HTTP server says for itself in refusing.
constexpr std::size_t kRefusalBytesMax = 300;

/// As one line of printable text.
std::string printable(std::string_view text) {
  std::string line(text.substr(0, kRefusalBytesMax));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  return line;
}

class WebSocketTransport final : public Transport, public std::enable_shared_from_this<WebSocketTransport> {
 public:
  WebSocketTransport(const asio::any_io_executor& executor, const Endpoint& endpoint, std::size_t buffer_bytes)
      : stream_(executor), host_(endpoint.to_string()), path_(endpoint.path) {
    stream_.binary(true);
    stream_.auto_fragment(false);
    stream_.write_buffer_bytes(std::clamp(buffer_bytes / 16, kMaskedBytesMin, kMaskedBytesMax));
    stream_.read_message_max(0);  // frames have a limit of their own
    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(http::field::user_agent, "leat-cpp/" + std::string(kClientVersion));
      request.set(http::field::sec_websocket_protocol, kSubprotocol);
    }));
  }

  asio::ip::tcp::socket& socket() override { return stream_.next_layer(); }

  void handshake(User user) override {
    stream_.async_handshake(answer_, host_, path_, [this, user = std::move(user)](error_code problem) {
      const bool agreed = problem || answer_[http::field::sec_websocket_protocol] == kSubprotocol;
      if (!agreed) problem = websocket::error::upgrade_declined;
      open_ = !problem;
      user->on_ready(problem);
      if (open_) answer_ = {};
    });
  }

  void read_some(MutableByteSpan space, std::size_t, User user) override {
    stream_.async_read_some(asio::buffer(space.data(), space.size()),
                            [this, user = std::move(user)](error_code problem, std::size_t bytes) {
                              if (!problem && stream_.got_text()) problem = websocket::error::bad_opcode;
                              user->on_received(problem, bytes);
                            });
  }

  bool write(const Buffers& buffers, User user) override {
    LEAT_ASSERT(!unsent_);
    unsent_.emplace(buffers);
    write_message(std::move(user));
    return false;
  }

  /// A closing handshake would have to be waited for. Its frame goes out at once all the same, unless the socket is full or a
  /// message is on its way.
  void close() override {
    if (std::exchange(open_, false)) {
      stream_.async_close(websocket::close_code::normal, [self = shared_from_this()](const error_code&) {});
    }
    error_code ignored;
    socket().close(ignored);
  }

  [[nodiscard]] std::string describe(const error_code& problem) const override {
    if (problem == websocket::error::upgrade_declined) return refusal();
    if (problem == websocket::error::bad_opcode) return "a text message, where leat sends bytes";
    if (problem == websocket::error::closed) return "closed by the broker" + reason();
    if (problem == asio::error::eof || problem == http::error::end_of_stream) return "closed by the broker";
    if (problem.category() == make_error_code(http::error::end_of_stream).category()) {
      return "not an answer of HTTP: " + problem.message();
    }
    return problem.message();
  }

 private:
  void write_message(User user) {
    const beast::buffers_prefix_view<beast::buffers_suffix<Buffers>> message(kMessageBytesMax, *unsent_);
    stream_.async_write(message, [this, user = std::move(user)](const error_code& problem, std::size_t bytes) mutable {
      unsent_->consume(bytes);
      if (!problem && beast::buffer_bytes(*unsent_) > 0) return write_message(std::move(user));
      unsent_.reset();
      user->on_sent(problem);
    });
  }

  [[nodiscard]] std::string refusal() const {
    if (answer_.result() == http::status::switching_protocols) return "the server does not speak " + std::string(kSubprotocol);
    std::string text = "refused with HTTP " + std::to_string(answer_.result_int());
    const auto phrase = answer_.reason();
    if (!phrase.empty()) text += " " + printable({phrase.data(), phrase.size()});
    if (const std::string said = printable(answer_.body()); !said.empty()) text += ": " + said;
    return text;
  }

  [[nodiscard]] std::string reason() const {
    const websocket::close_reason& why = stream_.reason();
    if (!why) return "";
    return " (" + std::to_string(why.code) + (why.reason.empty() ? ")" : " " + printable(why.reason.c_str()) + ")");
  }

  websocket::stream<asio::ip::tcp::socket, false> stream_;
  const std::string host_;
  const std::string path_;
  websocket::response_type answer_;
  std::optional<beast::buffers_suffix<Buffers>> unsent_;
  bool open_ = false;
};

}  // namespace

std::shared_ptr<Transport> make_web_socket_transport(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                                     std::size_t buffer_bytes) {
  return std::make_shared<WebSocketTransport>(executor, endpoint, buffer_bytes);
}

}  // namespace leat::client
