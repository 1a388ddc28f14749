#include "client/src/transport.hpp"

#include <boost/asio/write.hpp>
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
  void handshake(User user) override { user->on_ready({}); }

  void read_some(MutableByteSpan space, User user) override {
    socket_.async_read_some(
        asio::buffer(space.data(), space.size()),
        [user = std::move(user)](const error_code& problem, std::size_t bytes) { user->on_received(problem, bytes); });
  }

  void write(const Buffers& buffers, User user) override {
    asio::async_write(socket_, buffers,
                      [user = std::move(user)](const error_code& problem, std::size_t) { user->on_sent(problem); });
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  [[nodiscard]] std::string describe(const error_code& problem) const override {
    return problem == asio::error::eof ? "closed by the broker" : problem.message();
  }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::shared_ptr<Transport> make_transport(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                          std::size_t buffer_bytes) {
  if (endpoint.scheme == Scheme::leat) return std::make_shared<TcpTransport>(executor);
  return make_web_socket_transport(executor, endpoint, buffer_bytes);
}

}  // namespace leat::client
