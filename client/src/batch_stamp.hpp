#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/record/batch_builder.hpp"

namespace leat::client {

/// Gives an encoded batch another producer, epoch and sequence, and the checksum that goes with them.
void stamp_batch(MutableByteSpan batch, const record::ProducerStamp& stamp);

/// The sequence `records` after this one: from the largest 32-bit integer it goes on at 0.
std::int32_t sequence_after(std::int32_t sequence, std::int32_t records);

}  // namespace leat::client
