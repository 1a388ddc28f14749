#include "client/src/transport.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <optional>
#include <utility>

#include "client/src/web_socket_transport.hpp"

namespace leat::client {
namespace {

using boost::system::error_code;
namespace asio = boost::asio;

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(const asio::any_io_executor& executor) : socket_(executor) {}

  asio::ip::tcp::socket& socket() override { return socket_; }
  void handshake(User user) override {
    error_code problem;
    socket_.non_blocking(true, problem);
    user->on_ready(problem);
  }

  void read_some(MutableByteSpan space, std::size_t wanted_bytes, User user) override {
    wake_at(std::min(wanted_bytes, space.size()));
    socket_.async_read_some(
        asio::buffer(space.data(), space.size()),
        [user = std::move(user)](const error_code& problem, std::size_t bytes) { user->on_received(problem, bytes); });
  }

  bool write(const Buffers& buffers, User user) override {
    // Nearly always the socket takes all of it, and an operation would cost its memory and another round of the executor.
    error_code problem;
    const std::size_t sent = socket_.send(buffers, 0, problem);
    if (sent == asio::buffer_size(buffers)) return true;
    if (problem && problem != asio::error::would_block) {
      asio::post(socket_.get_executor(), [user = std::move(user), problem] { user->on_sent(problem); });
      return false;
    }
    unsent_.emplace(buffers);
    unsent_->consume(sent);
    asio::async_write(socket_, *unsent_,
                      [user = std::move(user)](const error_code& failed, std::size_t) { user->on_sent(failed); });
    return false;
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  [[nodiscard]] std::string describe(const error_code& problem) const override {
    return problem == asio::error::eof ? "closed by the broker" : problem.message();
  }

 private:
  /// Being woken for each part of a large frame would cost the sender, whose processor does it, more than sending.
  void wake_at(std::size_t bytes) {
    const int wanted = bytes < kWakeBytesMin ? 1 : static_cast<int>(std::min(bytes, kWakeBytesMax));
    if (wanted == woken_at_) return;
    error_code ignored;
    socket_.set_option(asio::socket_base::receive_low_watermark(wanted), ignored);
    woken_at_ = wanted;
  }

  static constexpr std::size_t kWakeBytesMin = std::size_t{32} << 10;
  static constexpr std::size_t kWakeBytesMax = std::size_t{256} << 10;

  asio::ip::tcp::socket socket_;
  int woken_at_ = 1;
  std::optional<boost::beast::buffers_suffix<Buffers>> unsent_;
};

}  // namespace

std::shared_ptr<Transport> make_transport(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                          std::size_t buffer_bytes) {
  if (endpoint.scheme == Scheme::leat) return std::make_shared<TcpTransport>(executor);
  return make_web_socket_transport(executor, endpoint, buffer_bytes);
}

}  // namespace leat::client
