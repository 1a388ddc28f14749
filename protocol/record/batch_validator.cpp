#include "protocol/record/batch_validator.hpp"

#include <string>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::record {
namespace {

Error invalid(std::string context) { return Error(Errc::invalid_batch, std::move(context)); }

Result<void> check_attributes(const BatchHeader& header) {
  if (header.is_control()) return invalid("control batches are written by brokers only");
  if (header.is_transactional()) return invalid("transactional batches are not supported");
  if (header.uses_log_append_time()) return invalid("log append time is set by brokers only");
  if ((header.attributes & ~attribute::kCodecMask) != 0) {
    return invalid("unknown attribute bits in " + std::to_string(header.attributes));
  }
  return ok();
}

Result<void> check_count(const BatchHeader& header) {
  if (header.record_count == 0) return invalid("no records");
  if (header.last_offset_delta != header.record_count - 1) {
    return invalid("last offset delta " + std::to_string(header.last_offset_delta) + " with " +
                   std::to_string(header.record_count) + " records");
  }
  const std::size_t records_bytes = header.batch_bytes - kBatchHeaderBytes;
  const bool room = header.codec() == Codec::none
                        ? static_cast<std::size_t>(header.record_count) <= records_bytes / kRecordBytesMin
                        : records_bytes > 0;
  if (!room) {
    return invalid(std::to_string(header.record_count) + " records in " + std::to_string(records_bytes) + " bytes");
  }
  return ok();
}

Result<void> check_producer(const BatchHeader& header) {
  // Only the id says whether a producer is idempotent: some clients send epoch 0 and sequence 0 with the id -1.
  if (header.producer_id == kNoProducer) return ok();
  if (header.producer_id.value() < 0) return invalid("producer id " + std::to_string(header.producer_id.value()));
  if (header.producer_epoch < 0) return invalid("producer epoch " + std::to_string(header.producer_epoch));
  if (header.base_sequence < 0) return invalid("base sequence " + std::to_string(header.base_sequence));
  return ok();
}

}  // namespace

Result<void> check_crc(ByteSpan batch) {
  if (batch.size() < kBatchHeaderBytes) return invalid("a batch of " + std::to_string(batch.size()) + " bytes");
  if (load_be<std::uint32_t>(batch.data() + field::kCrc) != crc32c(batch.subspan(field::kAttributes))) {
    return Error(Errc::corrupt_batch);
  }
  return ok();
}

Result<BatchHeader> validate_for_append(ByteSpan batch, const BatchLimits& limits) {
  LEAT_ASSIGN(const BatchHeader header, parse_batch_header(batch));
  if (header.batch_bytes > limits.batch_bytes_max) {
    return Error(Errc::batch_too_large,
                 std::to_string(header.batch_bytes) + " bytes, the limit is " + std::to_string(limits.batch_bytes_max));
  }
  if (header.batch_bytes != batch.size()) {
    return invalid("a batch of " + std::to_string(header.batch_bytes) + " bytes in " + std::to_string(batch.size()));
  }
  LEAT_TRY(check_crc(batch));
  LEAT_TRY(check_attributes(header));
  LEAT_TRY(check_count(header));
  LEAT_TRY(check_producer(header));
  return header;
}

}  // namespace leat::record
