#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "storage/io/aligned_buffer.hpp"

namespace leat::storage {

class BlockPool;

/// A piece of aligned memory that is shared by whoever reads from it or sends its bytes: batches on their way to the journal, or
/// what was read from a segment. Goes back to its pool when the last of them lets go.
class Block {
 public:
  Block(std::shared_ptr<BlockPool> pool, AlignedBuffer buffer) : pool_(std::move(pool)), buffer_(std::move(buffer)) {}
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  [[nodiscard]] MutableByteSpan bytes() { return buffer_.span(); }
  [[nodiscard]] ByteSpan bytes() const { return buffer_.span(); }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }

 private:
  std::shared_ptr<BlockPool> pool_;
  AlignedBuffer buffer_;
};

/// Recycles the memory of blocks, as fresh pages are dear. Any thread.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  BlockPool(std::size_t block_bytes, std::size_t spare_blocks_max)
      : block_bytes_(block_bytes), spare_blocks_max_(spare_blocks_max) {}

  /// At least bytes_min; block_bytes unless more is asked for.
  std::shared_ptr<Block> take(std::size_t bytes_min);
  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }

 private:
  friend class Block;
  void give_back(AlignedBuffer buffer);

  const std::size_t block_bytes_;
  const std::size_t spare_blocks_max_;
  std::mutex mutex_;
  std::vector<AlignedBuffer> spare_;
};

}  // namespace leat::storage
