#pragma once

#include <cstddef>

#include "protocol/record/format.hpp"

namespace leat::record {

struct BatchLimits {
  std::size_t batch_bytes_max = 0;  ///< the topic's max.message.bytes: a whole batch as it travels
};

/// Compares a whole batch with its checksum: corrupt_batch when they differ, invalid_batch when there is no header.
Result<void> check_crc(ByteSpan batch);

/// What a broker asks of a batch before it gives it offsets: `batch` is exactly one whole batch, within the limit, with the right
/// checksum, of a kind a producer may send. The records themselves are not walked (BatchReader checks every one it yields).
/// Fails with invalid_batch, corrupt_batch or batch_too_large. Any thread.
Result<BatchHeader> validate_for_append(ByteSpan batch, const BatchLimits& limits);

}  // namespace leat::record
