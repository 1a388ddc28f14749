#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "client/src/block_pool.hpp"
#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"

namespace leat::client {

/// Cuts what is read from a connection into frames, without I/O. Reads go into large blocks; payloads are slices of them, shared
/// and never copied, so that a block lives as long as the longest-lived payload in it. Only the partial frame at a block's end is
/// copied, to the front of the next. One thread.
class FrameReader {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

  struct Frame {
    ByteSpan header;  ///< valid until the next space()
    SharedBytes payload;
  };

  FrameReader(std::shared_ptr<BlockPool> pool, std::size_t frame_bytes_max, std::size_t block_bytes = kBlockBytes)
      : pool_(std::move(pool)), frame_bytes_max_(frame_bytes_max), block_bytes_(block_bytes) {}

  /// Where to read to next; never empty, and room for all of a frame whose size is known.
  MutableByteSpan space();
  /// How much more the frame that is begun needs, as far as is known; 0 between two frames.
  [[nodiscard]] std::size_t missing_bytes() const { return needed_ > 0 ? needed_ - (end_ - begin_) : 0; }
  /// That so many bytes were read into space().
  void received(std::size_t bytes) { end_ += bytes; }

  void set_frame_bytes_max(std::size_t bytes) { frame_bytes_max_ = bytes; }
  /// What was received behind the last whole frame.
  [[nodiscard]] ByteSpan unread() const { return block_ ? ByteSpan(block_->bytes.get() + begin_, end_ - begin_) : ByteSpan(); }

  /// The next whole frame, or nullopt when more has to be read. After an error the stream cannot be trusted.
  Result<std::optional<Frame>> next();

 private:
  /// A block with less room than this is not read into any more: small reads cost as much as large ones.
  [[nodiscard]] std::size_t room_bytes_min() const { return block_bytes_ / 16; }
  void change_block();

  std::shared_ptr<BlockPool> pool_;
  std::size_t frame_bytes_max_;
  const std::size_t block_bytes_;
  std::shared_ptr<BlockPool::Block> block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t needed_ = 0;   ///< of the frame at begin_, as far as is known
  bool handed_out_ = false;  ///< somebody may hold a payload in this block: it must not be written over
};

}  // namespace leat::client
