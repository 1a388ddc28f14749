#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "client/src/endpoint.hpp"
#include "protocol/base/bytes.hpp"

namespace leat::client {

/// Who uses a transport is told here what became of each operation, on the transport's executor.
class TransportUser {
 public:
  virtual ~TransportUser() = default;
  virtual void on_ready(const boost::system::error_code& problem) = 0;
  virtual void on_received(const boost::system::error_code& problem, std::size_t bytes) = 0;
  virtual void on_sent(const boost::system::error_code& problem) = 0;
};

/// A stream of bytes to a broker, over a TCP connection that its user makes with socket(). One read and one write at a time; an
/// operation keeps the user, and with it the transport, until it has told its outcome. Used once, on its executor.
class Transport {
 public:
  using User = std::shared_ptr<TransportUser>;
  using Buffers = std::vector<boost::asio::const_buffer>;

  virtual ~Transport() = default;
  /// To connect, and to look at.
  virtual boost::asio::ip::tcp::socket& socket() = 0;
  /// Once connected. on_ready() may be called before this returns.
  virtual void handshake(User user) = 0;
  /// At least one byte, but for an error or for what the transport keeps for itself. With fewer than `wanted_bytes` nothing can
  /// be begun: the transport may wait for as many.
  virtual void read_some(MutableByteSpan space, std::size_t wanted_bytes, User user) = 0;
  /// All of it: true when that is done, with nothing more to come. Otherwise on_sent() tells, and `buffers` and what they show
  /// have to live until then.
  [[nodiscard]] virtual bool write(const Buffers& buffers, User user) = 0;
  /// At once. What is under way ends with an error.
  virtual void close() = 0;
  /// For people, of an error that this transport told.
  [[nodiscard]] virtual std::string describe(const boost::system::error_code& problem) const = 0;
};

/// `buffer_bytes`: how much the user reads at a time; what a transport keeps for itself is a fraction of it.
std::shared_ptr<Transport> make_transport(const boost::asio::any_io_executor& executor, const Endpoint& endpoint,
                                          std::size_t buffer_bytes);

}  // namespace leat::client
