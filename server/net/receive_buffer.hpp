#pragma once

#include <memory>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "storage/io/block_pool.hpp"

namespace leat::server {

/// Where a session reads its socket into: a recycled block while bytes flow, a few bytes or nothing while the connection is
/// quiet. Slices of it stay valid for as long as somebody holds them, as the block is not written again before they are gone. One
/// thread.
class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::shared_ptr<storage::BlockPool> pool) : pool_(std::move(pool)) {}

  /// Received and not consumed.
  [[nodiscard]] ByteSpan unread() const;
  /// Room to receive into. A frame that is known to be larger than a block gets its room as its bytes arrive, never at its word:
  /// what is allocated is at most twice what was received, or a block.
  MutableByteSpan prepare(std::size_t frame_bytes_total);
  void received(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  /// A piece of unread(), kept alive by itself.
  [[nodiscard]] SharedBytes share(ByteSpan piece) const { return {block_, piece}; }

  /// Nothing more has come: gives the block back if no more than bytes_max are unread, which are copied then.
  void park(std::size_t bytes_max);

 private:
  void move_to(std::shared_ptr<storage::Block> block);

  std::shared_ptr<storage::BlockPool> pool_;
  std::shared_ptr<storage::Block> block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<std::byte> parked_;  ///< what is unread while there is no block
};

}  // namespace leat::server
