#include "server/net/receive_buffer.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/base/assert.hpp"

namespace leat::server {
namespace {

/// Less room than this is not worth a read.
constexpr std::size_t kRoomBytesMin = 32U << 10;
constexpr std::size_t kSpareOwnBlocks = 256;

}  // namespace

ReceiveMemory::ReceiveMemory(std::size_t block_bytes, std::size_t spare_blocks_max, std::size_t bytes_max)
    : blocks(std::make_shared<storage::BlockPool>(block_bytes, spare_blocks_max)),
      own_blocks(std::make_shared<storage::BlockPool>(kOwnBytes, kSpareOwnBlocks)),
      budget(std::make_shared<ByteBudget>(bytes_max)) {}

bool ReceiveBuffer::is_sole_owner() const {
  if (piece_.use_count() != 1) return false;
  // What the others read of it, perhaps on other threads, comes before what is received into it next: use_count() does not
  // acquire what they released, taking part in the count does, and the thread sanitizer knows it, as it knows no fence.
  std::shared_ptr<Piece>(piece_).reset();
  return true;
}

ByteSpan ReceiveBuffer::unread() const {
  if (!piece_) return parked_;
  return std::as_const(*piece_->block).bytes().subspan(begin_, end_ - begin_);
}

void ReceiveBuffer::move_to(std::shared_ptr<storage::Block> block, ByteBudget::Share share) {
  const ByteSpan bytes = unread();
  LEAT_ASSERT(bytes.size() < block->size());
  if (!bytes.empty()) std::memcpy(block->bytes().data(), bytes.data(), bytes.size());
  end_ = bytes.size();
  begin_ = 0;
  piece_ = std::make_shared<Piece>(Piece{std::move(share), std::move(block)});
  parked_.clear();
  parked_.shrink_to_fit();
}

std::size_t ReceiveBuffer::believed_bytes(std::size_t frame_bytes_total) const {
  return std::min(frame_bytes_total, std::max(unread().size() * 2, memory_->blocks->block_bytes()));
}

bool ReceiveBuffer::has_room(std::size_t frame_bytes_total) const {
  const std::size_t block_bytes = piece_->block->size();
  const std::size_t worth_a_read = std::min(kRoomBytesMin, block_bytes / 2);
  const bool fits = begin_ + believed_bytes(frame_bytes_total) <= block_bytes && block_bytes - end_ >= worth_a_read;
  const bool whole_fits = begin_ + frame_bytes_total <= block_bytes && end_ < block_bytes && frame_bytes_total > unread().size();
  return fits || whole_fits;
}

bool ReceiveBuffer::make_room(std::size_t frame_bytes_total) {
  if (!piece_) return false;
  if (is_sole_owner() && begin_ == end_) {
    begin_ = end_ = 0;
    // A connection's own block is for times of need; a large frame's memory is others' when they wait for it.
    const bool is_standard = piece_->block->size() == memory_->blocks->block_bytes();
    if (!is_standard && (!piece_->share || memory_->budget->has_waiting())) piece_.reset();
    if (!piece_) return false;
  }
  if (has_room(frame_bytes_total)) return true;
  const std::size_t unread_bytes = unread().size();
  if (!is_sole_owner() || begin_ == 0 || believed_bytes(frame_bytes_total) > piece_->block->size()) return false;
  const MutableByteSpan bytes = piece_->block->bytes();
  std::memmove(bytes.data(), bytes.data() + begin_, unread_bytes);
  begin_ = 0;
  end_ = unread_bytes;
  return end_ < bytes.size();
}

std::size_t ReceiveBuffer::missing_bytes(std::size_t frame_bytes_total) const {
  // With the room that growing always leaves behind what has arrived.
  return std::max(frame_bytes_total + kRoomBytesMin, memory_->blocks->block_bytes());
}

ByteBudget::Share ReceiveBuffer::share_for(std::size_t bytes) {
  if (admitted_.bytes() >= bytes) return std::move(admitted_);
  admitted_ = {};
  // The memory that a frame grows out of goes as it is copied.
  if (piece_ && is_sole_owner() && piece_->share.bytes() >= bytes) return std::move(piece_->share);
  return memory_->budget->take(bytes);
}

MutableByteSpan ReceiveBuffer::prepare(std::size_t frame_bytes_total) {
  if (!make_room(frame_bytes_total)) {
    const std::size_t block_bytes = memory_->blocks->block_bytes();
    const std::size_t unread_bytes = unread().size();
    const bool is_small = frame_bytes_total <= ReceiveMemory::kOwnBytes && unread_bytes < ReceiveMemory::kOwnBytes;
    const std::size_t needed = is_small ? block_bytes : missing_bytes(frame_bytes_total);
    if (ByteBudget::Share share = share_for(needed)) {
      const std::size_t wanted =
          is_small ? block_bytes : std::max(believed_bytes(frame_bytes_total), unread_bytes + kRoomBytesMin);
      move_to(memory_->blocks->take(wanted), std::move(share));
    } else if (is_small) {
      move_to(memory_->own_blocks->take(ReceiveMemory::kOwnBytes), {});
    } else {
      return {};
    }
  }
  return piece_->block->bytes().subspan(end_);
}

void ReceiveBuffer::park(std::size_t bytes_max) {
  admitted_ = {};
  if (!piece_ || end_ - begin_ > bytes_max) return;
  const ByteSpan bytes = unread();
  parked_.assign(bytes.begin(), bytes.end());
  piece_.reset();
  begin_ = end_ = 0;
}

}  // namespace leat::server
