#pragma once

#include <memory>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "server/net/byte_budget.hpp"
#include "storage/io/block_pool.hpp"

namespace leat::server {

/// The memory that all connections receive into. Any thread.
struct ReceiveMemory {
  ReceiveMemory(std::size_t block_bytes, std::size_t spare_blocks_max, std::size_t bytes_max);

  /// What a connection may always hold, beside the budget: small frames pass, whatever others do.
  static constexpr std::size_t kOwnBytes = 8U << 10;

  const std::shared_ptr<storage::BlockPool> blocks;
  const std::shared_ptr<storage::BlockPool> own_blocks;
  const std::shared_ptr<ByteBudget> budget;  ///< of everything in `blocks`, until nobody holds it any more
};

/// Where a session reads its socket into: a recycled block while bytes flow, a few bytes or nothing while the connection is
/// quiet. Slices of it stay valid for as long as somebody holds them, as the block is not written again before they are gone. One
/// thread.
class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::shared_ptr<const ReceiveMemory> memory) : memory_(std::move(memory)) {}

  /// Received and not consumed.
  [[nodiscard]] ByteSpan unread() const;
  /// Room to receive into; none when the budget has none for such a frame: wait for a share of missing_bytes() and admit() it.
  /// A frame that is known to be larger than a block gets its memory as its bytes arrive, never at its word: what is allocated is
  /// at most twice what was received, or a block. Its share is of the whole frame, so that it is waited for once, unless the
  /// buffer is parked meanwhile.
  MutableByteSpan prepare(std::size_t frame_bytes_total);
  [[nodiscard]] std::size_t missing_bytes(std::size_t frame_bytes_total) const;
  /// Of the budget.
  [[nodiscard]] std::size_t share_bytes() const { return admitted_.bytes() + (piece_ ? piece_->share.bytes() : 0); }
  void admit(ByteBudget::Share share) { admitted_ = std::move(share); }

  void received(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  /// A piece of unread(), kept alive by itself.
  [[nodiscard]] SharedBytes share(ByteSpan piece) const { return {piece_, piece}; }

  /// Nothing more has come: gives the block and its share back if no more than bytes_max are unread, which are copied then, and a
  /// share that was admitted and not used in any case.
  void park(std::size_t bytes_max);

 private:
  /// A block, and the share of the budget that lasts as long as it.
  struct Piece {
    ByteBudget::Share share;
    std::shared_ptr<storage::Block> block;
  };

  [[nodiscard]] bool is_sole_owner() const;
  /// Memory in which more of such a frame can be received than is there now.
  [[nodiscard]] bool has_room(std::size_t frame_bytes_total) const;
  bool make_room(std::size_t frame_bytes_total);
  /// What a frame may take with its bytes all there or on their way.
  [[nodiscard]] std::size_t believed_bytes(std::size_t frame_bytes_total) const;
  [[nodiscard]] ByteBudget::Share share_for(std::size_t bytes);
  void move_to(std::shared_ptr<storage::Block> block, ByteBudget::Share share);

  std::shared_ptr<const ReceiveMemory> memory_;
  std::shared_ptr<Piece> piece_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<std::byte> parked_;  ///< what is unread while there is no block
  ByteBudget::Share admitted_;     ///< waited for, not yet used
};

}  // namespace leat::server
