#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "storage/io/file_range.hpp"

namespace leat::server {

/// What a session has to send, in order: frames' headers and slices of memory that others share. Writes never wait: what the
/// socket does not take stays. One thread.
class Outbox {
 public:
  enum class Flushed { everything, partly, failed };

  /// Shared bytes are sent from where they are. `lent` marks those of the commit path, which must not be held for a slow reader:
  /// what the socket does not take at once is copied. Small ones in a row are gathered in memory of their own: so what is kept
  /// for them is of the order of bytes().
  void push(SharedBytes bytes, bool lent = false);
  void push(std::vector<std::byte> bytes) { push(SharedBytes(std::move(bytes))); }
  /// Sent from the file, which must be as long as that: cut, it fails the connection.
  void push(storage::FileRange range);

  /// Writes until the socket takes no more.
  Flushed flush(boost::asio::ip::tcp::socket& socket, boost::system::error_code& error);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Of all that was ever pushed.
  [[nodiscard]] std::uint64_t sent_bytes_total() const { return sent_bytes_total_; }
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  /// Whether flush() failed because of a file that was to be sent, and not of the peer.
  [[nodiscard]] bool failed_in_file() const { return failed_in_file_; }

 private:
  struct Piece {
    SharedBytes bytes;
    bool lent;
    storage::FileRange in_file{};  ///< instead of bytes, when there is a file

    [[nodiscard]] std::size_t size() const { return in_file.file ? in_file.bytes : bytes.size(); }
    void drop_front(std::size_t sent);
  };
  using Socket = boost::asio::ip::tcp::socket;
  /// What is in memory before the next piece in a file; or some of the piece in a file that is the first.
  std::size_t send_memory(Socket& socket, boost::system::error_code& error);
  std::size_t send_file(Socket& socket, boost::system::error_code& error);
  bool gather(ByteSpan bytes);
  void drop_sent(std::size_t sent);
  void copy_lent();

  std::deque<Piece> pieces_;
  std::size_t bytes_ = 0;
  std::uint64_t sent_bytes_total_ = 0;
  bool is_full_ = false;  ///< the socket took no more the last time
  bool failed_in_file_ = false;
  std::shared_ptr<std::vector<std::byte>> gathered_;  ///< what the last piece is in, while it has room for small ones
  std::vector<boost::asio::const_buffer> buffers_;
};

}  // namespace leat::server
