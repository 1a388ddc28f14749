#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "protocol/base/bytes.hpp"

namespace leat::client {

/// Memory that is read into, handed out shared and taken back by itself when the last owner lets go, as fresh pages cost more
/// than what is read into them. Any thread; blocks may outlive the pool.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t capacity = 0;
  };

  explicit BlockPool(std::size_t kept_bytes_max) : kept_bytes_max_(kept_bytes_max) {}

  /// At least `capacity` bytes, not initialised.
  std::shared_ptr<Block> take(std::size_t capacity);

 private:
  void give_back(std::unique_ptr<Block> block);

  const std::size_t kept_bytes_max_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> free_;
  std::size_t free_bytes_ = 0;
};

}  // namespace leat::client
