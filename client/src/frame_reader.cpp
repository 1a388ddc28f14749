#include "client/src/frame_reader.hpp"

#include <algorithm>
#include <cstring>
#include <variant>

#include "protocol/base/assert.hpp"
#include "protocol/native/codec.hpp"

namespace leat::client {

MutableByteSpan FrameReader::space() {
  if (begin_ == end_ && !handed_out_) begin_ = end_ = 0;
  const bool fits = block_ && begin_ + needed_ <= block_->capacity && block_->capacity - end_ >= room_bytes_min();
  if (!fits) change_block();
  return {block_->bytes.get() + end_, block_->capacity - end_};
}

void FrameReader::change_block() {
  const std::size_t partial = end_ - begin_;
  auto block = pool_->take(std::max(block_bytes_, std::max(needed_, partial) + room_bytes_min()));
  if (partial > 0) std::memcpy(block->bytes.get(), block_->bytes.get() + begin_, partial);
  block_ = std::move(block);
  begin_ = 0;
  end_ = partial;
  handed_out_ = false;
}

Result<std::optional<FrameReader::Frame>> FrameReader::next() {
  if (begin_ == end_) {
    needed_ = 0;
    return std::optional<Frame>();
  }
  const ByteSpan available(block_->bytes.get() + begin_, end_ - begin_);
  LEAT_ASSIGN(const auto found, native::next_frame(available, frame_bytes_max_));
  if (const auto* need = std::get_if<native::FrameNeed>(&found)) {
    needed_ = need->bytes_total;
    return std::optional<Frame>();
  }
  const auto& view = std::get<native::FrameView>(found);
  LEAT_ASSERT(view.bytes <= available.size());
  Frame frame{view.header, {}};
  if (!view.payload.empty()) {
    frame.payload = SharedBytes(block_, view.payload);
    handed_out_ = true;
  }
  begin_ += view.bytes;
  needed_ = 0;
  return std::optional(std::move(frame));
}

}  // namespace leat::client
