#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "protocol/record/format.hpp"

namespace leat::simulation {

/// A batch as an idempotent producer sent it. Every byte follows from these numbers: it can be sent again as it was, and what is
/// read back can be compared. Each record carries its producer, its sequence and a hash of its filling.
struct SentBatch {
  ProducerId producer;
  std::int32_t base_sequence = 0;
  std::int32_t records = 1;
  std::size_t record_bytes = 0;  ///< of each value, beyond what identifies it
  TimestampMs timestamp = 0;     ///< of the first record; each later one is a millisecond younger
  record::Codec codec = record::Codec::none;

  [[nodiscard]] std::int32_t next_sequence() const { return base_sequence + records; }
};

std::vector<std::byte> build_batch(const SentBatch& sent);

/// Decodes a batch and compares every record with what was sent. The error says what differs.
Result<void> check_records(ByteSpan batch, const SentBatch& sent);

}  // namespace leat::simulation
