#include "server/net/receive_buffer.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/base/assert.hpp"

namespace leat::server {
namespace {

/// Less room than this is not worth a read.
constexpr std::size_t kRoomBytesMin = 32U << 10;

}  // namespace

ByteSpan ReceiveBuffer::unread() const {
  if (!block_) return parked_;
  return std::as_const(*block_).bytes().subspan(begin_, end_ - begin_);
}

void ReceiveBuffer::move_to(std::shared_ptr<storage::Block> block) {
  const ByteSpan bytes = unread();
  LEAT_ASSERT(bytes.size() <= block->size());
  if (!bytes.empty()) std::memcpy(block->bytes().data(), bytes.data(), bytes.size());
  end_ = bytes.size();
  begin_ = 0;
  block_ = std::move(block);
  parked_.clear();
}

MutableByteSpan ReceiveBuffer::prepare(std::size_t frame_bytes_total) {
  const std::size_t unread_bytes = unread().size();
  if (!block_) {
    move_to(pool_->take(pool_->block_bytes()));
  } else if (block_.use_count() == 1 && begin_ == end_) {
    begin_ = end_ = 0;
  }
  const std::size_t believed = std::min(frame_bytes_total, std::max(unread_bytes * 2, pool_->block_bytes()));
  const bool fits =
      begin_ + believed <= block_->size() && block_->size() - end_ >= std::min(kRoomBytesMin, pool_->block_bytes() / 2);
  const bool whole_fits =
      begin_ + frame_bytes_total <= block_->size() && end_ < block_->size() && frame_bytes_total > unread_bytes;
  if (!fits && !whole_fits) {
    if (block_.use_count() == 1 && begin_ > 0 && believed <= block_->size()) {
      std::memmove(block_->bytes().data(), block_->bytes().data() + begin_, unread_bytes);
      begin_ = 0;
      end_ = unread_bytes;
    } else {
      move_to(pool_->take(std::max(believed, unread_bytes + kRoomBytesMin)));
    }
  }
  return block_->bytes().subspan(end_);
}

void ReceiveBuffer::park(std::size_t bytes_max) {
  if (!block_ || end_ - begin_ > bytes_max) return;
  const ByteSpan bytes = unread();
  parked_.assign(bytes.begin(), bytes.end());
  block_.reset();
  begin_ = end_ = 0;
}

}  // namespace leat::server
