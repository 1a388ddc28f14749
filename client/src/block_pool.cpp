#include "client/src/block_pool.hpp"

#include <algorithm>
#include <utility>

namespace leat::client {

std::shared_ptr<BlockPool::Block> BlockPool::take(std::size_t capacity) {
  std::unique_ptr<Block> block;
  {
    const std::lock_guard lock(mutex_);
    const auto fits = std::find_if(free_.rbegin(), free_.rend(), [&](const auto& b) { return b->capacity >= capacity; });
    if (fits != free_.rend()) {
      block = std::move(*fits);
      free_bytes_ -= block->capacity;
      free_.erase(std::next(fits).base());
    }
  }
  if (!block) block = std::make_unique<Block>(Block{std::make_unique_for_overwrite<std::byte[]>(capacity), capacity});
  Block* raw = block.release();
  return {raw, [pool = weak_from_this()](Block* released) {
            std::unique_ptr<Block> owned(released);
            if (const auto alive = pool.lock()) alive->give_back(std::move(owned));
          }};
}

void BlockPool::give_back(std::unique_ptr<Block> block) {
  const std::lock_guard lock(mutex_);
  if (free_bytes_ + block->capacity > kept_bytes_max_) return;
  free_bytes_ += block->capacity;
  free_.push_back(std::move(block));
}

}  // namespace leat::client
