#include "storage/log/producer_table.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace leat::storage {
namespace {

std::int32_t following(std::int32_t sequence) { return sequence == std::numeric_limits<std::int32_t>::max() ? 0 : sequence + 1; }

std::string describe(const record::BatchHeader& header) {
  return "producer " + std::to_string(header.producer_id.value()) + " epoch " + std::to_string(header.producer_epoch) +
         " sequence " + std::to_string(header.base_sequence);
}

}  // namespace

Result<std::optional<Offset>> ProducerTable::check(const record::BatchHeader& header) const {
  const auto found = by_id_.find(header.producer_id);
  if (found == by_id_.end()) return std::optional<Offset>();
  const ProducerState& producer = *found->second;
  if (header.producer_epoch < producer.epoch) {
    return Error(Errc::producer_fenced, describe(header) + ", the current epoch is " + std::to_string(producer.epoch));
  }
  if (header.producer_epoch > producer.epoch) {
    if (header.base_sequence != 0) return Error(Errc::out_of_order_sequence, describe(header) + ", a new epoch begins at 0");
    return std::optional<Offset>();
  }
  for (const ProducerState::Batch& batch : producer.batches) {
    if (batch.base_sequence == header.base_sequence && batch.last_sequence == header.last_sequence())
      return std::optional(batch.base_offset);
  }
  const std::int32_t expected = following(producer.batches.back().last_sequence);
  if (header.base_sequence != expected) {
    return Error(Errc::out_of_order_sequence, describe(header) + ", expected " + std::to_string(expected));
  }
  return std::optional<Offset>();
}

ProducerState& ProducerTable::touch(ProducerId id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) {
    producers_.splice(producers_.end(), producers_, found->second);
    return producers_.back();
  }
  if (producers_.size() == kProducersMax) {
    by_id_.erase(producers_.front().id);
    producers_.pop_front();
  }
  producers_.emplace_back().id = id;
  by_id_.emplace(id, std::prev(producers_.end()));
  return producers_.back();
}

void ProducerTable::record(const record::BatchHeader& header, Offset base_offset, TimestampMs now_ms) {
  ProducerState& producer = touch(header.producer_id);
  if (producer.epoch != header.producer_epoch) producer.batches.clear();
  producer.epoch = header.producer_epoch;
  producer.last_used_ms = now_ms;
  producer.batches.push_back({header.base_sequence, header.last_sequence(), base_offset});
  if (producer.batches.size() > kRememberedBatches) producer.batches.pop_front();
}

std::vector<ProducerState> ProducerTable::snapshot(Offset end, TimestampMs now_ms) const {
  std::vector<ProducerState> producers;
  for (const ProducerState& producer : producers_) {
    if (now_ms - producer.last_used_ms > kExpiryMs) continue;
    ProducerState copy = producer;
    std::erase_if(copy.batches, [end](const ProducerState::Batch& batch) { return batch.base_offset >= end; });
    if (!copy.batches.empty()) producers.push_back(std::move(copy));
  }
  return producers;
}

void ProducerTable::restore(std::vector<ProducerState> producers) {
  producers_.clear();
  by_id_.clear();
  for (ProducerState& producer : producers) touch(producer.id) = std::move(producer);
}

}  // namespace leat::storage
