#pragma once

#include <cstddef>
#include <optional>

#include "protocol/record/format.hpp"

namespace leat::record {

/// Walks batches that lie one behind the other, as a fetch or a piece of a segment has them. Owns nothing; one thread. Looks at
/// headers only: checksums are check_crc's.
class BatchIterator {
 public:
  explicit BatchIterator(ByteSpan batches) : batches_(batches) {}

  /// The next whole batch, or nullopt at the clean end. torn_tail when the bytes end within a batch, invalid_batch when what
  /// stands there is no batch at all. After an error it stays where it is and returns the same again.
  Result<std::optional<ByteSpan>> next();

  /// Bytes walked so far: where the next batch begins.
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  ByteSpan batches_;
  std::size_t position_ = 0;
};

}  // namespace leat::record
