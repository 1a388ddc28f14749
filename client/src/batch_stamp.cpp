#include "client/src/batch_stamp.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::client {

void stamp_batch(MutableByteSpan batch, const record::ProducerStamp& stamp) {
  namespace field = record::field;
  LEAT_ASSERT(batch.size() >= record::kBatchHeaderBytes);
  store_be(batch.data() + field::kProducerId, stamp.producer_id.value());
  store_be(batch.data() + field::kProducerEpoch, stamp.epoch);
  store_be(batch.data() + field::kBaseSequence, stamp.base_sequence);
  store_be(batch.data() + field::kCrc, crc32c(batch.subspan(field::kAttributes)));
}

std::int32_t sequence_after(std::int32_t sequence, std::int32_t records) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(records)) & 0x7fffffffU);
}

}  // namespace leat::client
