#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/native/messages.hpp"

namespace leat::client {

/// Frames on their way out, without I/O: everything queued while one write is under way goes into the next, as one list of
/// buffers. Headers lie one behind the other in memory that is used again; payloads are not copied but kept alive. One thread.
class WriteQueue {
 public:
  void push(const native::Message& message, std::uint64_t correlation, SharedBytes payload);

  [[nodiscard]] bool empty() const { return queued_.headers.empty(); }
  [[nodiscard]] bool writing() const { return !writing_.headers.empty(); }

  /// Takes all that is queued; valid until written(). Nothing may be being written.
  const std::vector<boost::asio::const_buffer>& gather();
  void written() { writing_.clear(); }
  void clear() { queued_.clear(); }

 private:
  struct Piece {
    std::size_t headers_end;  ///< the headers up to here, and then the payload
    SharedBytes payload;
  };
  struct Frames {
    std::vector<std::byte> headers;
    std::vector<Piece> pieces;

    void clear() {
      headers.clear();
      pieces.clear();
    }
  };

  Frames queued_;
  Frames writing_;
  std::vector<boost::asio::const_buffer> buffers_;
};

}  // namespace leat::client
