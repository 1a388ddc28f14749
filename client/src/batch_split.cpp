#include "client/src/batch_split.hpp"

#include <limits>
#include <utility>
#include <vector>

#include "client/src/batch_stamp.hpp"
#include "protocol/base/assert.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::client {
namespace {

constexpr std::size_t kUnlimitedBytes = std::numeric_limits<std::int32_t>::max();

BatchPtr part_of(const OutgoingBatch& batch) {
  auto part = std::make_shared<OutgoingBatch>(batch.builder.options());
  part->builder.set_bytes_max(kUnlimitedBytes);
  part->barriers = batch.barriers;
  part->opened_at = batch.opened_at;
  part->behind_gap = batch.behind_gap;
  part->refused_sequences = batch.refused_sequences;
  return part;
}

Result<void> copy_records(record::BatchReader& reader, std::int32_t count, OutgoingBatch& to) {
  for (std::int32_t i = 0; i < count; ++i) {
    LEAT_ASSIGN(const auto record, reader.next());
    LEAT_ASSERT(record.has_value());
    const std::vector<HeaderView> headers(record->headers.begin(), record->headers.end());
    if (!to.builder.append(record->timestamp, record->key, record->value, headers)) return Error(Errc::batch_too_large);
  }
  to.record_count = count;
  return ok();
}

}  // namespace

Result<BatchHalves> split_batch(OutgoingBatch& batch) {
  LEAT_ASSERT(batch.record_count > 1);
  const record::DecompressLimits own{.output_bytes_max = kUnlimitedBytes, .ratio_free_bytes = kUnlimitedBytes};
  LEAT_ASSIGN(auto reader, record::BatchReader::open(batch.bytes, own));
  BatchHalves halves{part_of(batch), part_of(batch)};
  OutgoingBatch& first = *halves.first;
  OutgoingBatch& second = *halves.second;
  LEAT_TRY(copy_records(reader, batch.record_count / 2, first));
  LEAT_TRY(copy_records(reader, batch.record_count - first.record_count, second));

  const record::BatchHeader& header = reader.header();
  record::ProducerStamp stamp{header.producer_id, header.producer_epoch, header.base_sequence};
  LEAT_ASSIGN(first.bytes, first.builder.finish(stamp));
  stamp.base_sequence = sequence_after(stamp.base_sequence, first.record_count);
  LEAT_ASSIGN(second.bytes, second.builder.finish(stamp));

  first.cost_bytes = batch.cost_bytes / 2;
  second.cost_bytes = batch.cost_bytes - first.cost_bytes;
  for (PendingDelivery& delivery : batch.deliveries) {
    const bool in_first = delivery.index < first.record_count;
    if (!in_first) delivery.index -= first.record_count;
    (in_first ? first : second).deliveries.push_back(std::move(delivery));
  }
  batch.deliveries.clear();
  return halves;
}

}  // namespace leat::client
