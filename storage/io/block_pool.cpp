#include "storage/io/block_pool.hpp"

#include <algorithm>

#include "storage/io/file_system.hpp"

namespace leat::storage {

Block::~Block() { pool_->give_back(std::move(buffer_)); }

std::shared_ptr<Block> BlockPool::take(std::size_t bytes_min) {
  if (bytes_min <= block_bytes_) {
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      AlignedBuffer buffer = std::move(spare_.back());
      spare_.pop_back();
      return std::make_shared<Block>(shared_from_this(), std::move(buffer));
    }
  }
  const std::size_t bytes = (std::max(bytes_min, block_bytes_) + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  return std::make_shared<Block>(shared_from_this(), AlignedBuffer(bytes));
}

void BlockPool::give_back(AlignedBuffer buffer) {
  const std::lock_guard lock(mutex_);
  if (buffer.size() == block_bytes_ && spare_.size() < spare_blocks_max_) spare_.push_back(std::move(buffer));
}

}  // namespace leat::storage
