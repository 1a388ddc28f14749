#include "client/src/write_queue.hpp"

#include <utility>

#include "protocol/base/assert.hpp"
#include "protocol/native/codec.hpp"

namespace leat::client {

void WriteQueue::push(const native::Message& message, std::uint64_t correlation, SharedBytes payload) {
  native::encode_frame(message, correlation, payload.size(), queued_.headers);
  if (!payload.empty()) queued_.pieces.push_back({queued_.headers.size(), std::move(payload)});
}

const std::vector<boost::asio::const_buffer>& WriteQueue::gather() {
  LEAT_ASSERT(!writing());
  std::swap(queued_, writing_);
  buffers_.clear();
  std::size_t at = 0;
  for (const Piece& piece : writing_.pieces) {
    buffers_.emplace_back(writing_.headers.data() + at, piece.headers_end - at);
    buffers_.emplace_back(piece.payload.span().data(), piece.payload.size());
    at = piece.headers_end;
  }
  if (at < writing_.headers.size()) buffers_.emplace_back(writing_.headers.data() + at, writing_.headers.size() - at);
  return buffers_;
}

}  // namespace leat::client
