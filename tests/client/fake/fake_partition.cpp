#include "tests/client/fake/fake_partition.hpp"

#include <limits>

#include "protocol/record/batch_reader.hpp"
#include "protocol/record/batch_validator.hpp"
#include "protocol/record/in_flight_limit.hpp"

namespace leat::testing {

Result<native::PublishAck> FakePartition::append(ByteSpan batch, native::AckLevel level) {
  LEAT_ASSIGN(const auto header,
              record::validate_for_append(batch, {.batch_bytes_max = std::numeric_limits<std::int32_t>::max()}));
  LEAT_ASSIGN(const auto stored_before, check_sequence(header));
  if (stored_before) return native::PublishAck{0, *stored_before, level, true};

  Batch stored{next_, next_ + header.record_count, {batch.begin(), batch.end()}};
  record::patch_base_offset(stored.bytes, next_, 0);
  next_ = stored.next;
  const native::PublishAck ack{0, stored.base, level, false};
  if (header.producer_id != kNoProducer) {
    Producer& producer = producers_[header.producer_id.value()];
    producer.last.push_back({header.base_sequence, header.record_count, stored.base});
    if (producer.last.size() > record::kInFlightBatchesMax) producer.last.pop_front();
    producer.next_sequence = static_cast<std::int32_t>((static_cast<std::uint32_t>(header.last_sequence()) + 1) & 0x7fffffffU);
  }
  batches_.push_back(std::move(stored));
  return ack;
}

Result<std::optional<Offset>> FakePartition::check_sequence(const record::BatchHeader& header) {
  if (header.producer_id == kNoProducer) return std::optional<Offset>();
  const auto found = producers_.find(header.producer_id.value());
  if (found == producers_.end()) {
    if (header.base_sequence != 0) return Error(Errc::unknown_producer);
    producers_[header.producer_id.value()].epoch = header.producer_epoch;
    return std::optional<Offset>();
  }
  Producer& producer = found->second;
  if (header.producer_epoch < producer.epoch) return Error(Errc::producer_fenced);
  if (header.producer_epoch > producer.epoch) {
    if (header.base_sequence != 0) return Error(Errc::out_of_order_sequence);
    producer = {header.producer_epoch, 0, {}};
  }
  for (const auto& stored : producer.last) {
    if (stored.base_sequence == header.base_sequence && stored.records == header.record_count)
      return std::optional(stored.base_offset);
  }
  if (header.base_sequence != producer.next_sequence) return Error(Errc::out_of_order_sequence);
  return std::optional<Offset>();
}

void FakePartition::append_raw(std::vector<std::byte> bytes, std::int64_t records) {
  if (bytes.size() >= record::kBatchHeaderBytes) record::patch_base_offset(bytes, next_, 0);
  batches_.push_back({next_, next_ + records, std::move(bytes)});
  next_ = next_ + records;
}

void FakePartition::forget_producers_since(std::int32_t next_sequence) {
  for (auto& [id, producer] : producers_) {
    producer.next_sequence = next_sequence;
    producer.last.clear();
  }
}

std::vector<const FakePartition::Batch*> FakePartition::batches_from(Offset offset) const {
  std::vector<const Batch*> found;
  for (const Batch& batch : batches_) {
    if (batch.next > offset) found.push_back(&batch);
  }
  return found;
}

std::vector<std::string> FakePartition::values() const {
  std::vector<std::string> values;
  for (const Batch& batch : batches_) {
    auto reader = record::BatchReader::open(batch.bytes, {}).value();
    for (auto record = reader.next().value(); record; record = reader.next().value()) {
      values.emplace_back(record->value ? as_text(*record->value) : "null");
    }
  }
  return values;
}

}  // namespace leat::testing
