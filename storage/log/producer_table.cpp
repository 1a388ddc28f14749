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

ProducerTable::~ProducerTable() {
  if (registry_) registry_->forget(by_id_.size());
}

void ProducerTable::swap(ProducerTable& other) noexcept {
  registry_.swap(other.registry_);
  producers_.swap(other.producers_);
  by_id_.swap(other.by_id_);
  std::swap(forgotten_below_, other.forgotten_below_);
}

Result<std::optional<Offset>> ProducerTable::check_first(const record::BatchHeader& header) const {
  if (header.producer_id >= registry_->next_id()) {
    return Error(Errc::unknown_producer, describe(header) + ", this broker has given away no such id");
  }
  if (header.producer_id < forgotten_below_) {
    return Error(Errc::unknown_producer, describe(header) + ", nothing is remembered of it and it may have been forgotten");
  }
  if (header.base_sequence != 0) {
    return Error(Errc::unknown_producer, describe(header) + ", nothing is remembered of it and it does not begin at 0");
  }
  if (registry_->full())
    return Error(Errc::overloaded, describe(header) + ", too many producers are remembered to take a new one now");
  return std::optional<Offset>();
}

Result<std::optional<Offset>> ProducerTable::check(const record::BatchHeader& header) const {
  const auto found = by_id_.find(header.producer_id);
  if (found == by_id_.end()) return check_first(header);
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
  producers_.emplace_back().id = id;
  by_id_.emplace(id, std::prev(producers_.end()));
  registry_->remember();
  return producers_.back();
}

void ProducerTable::forget_oldest() {
  forgotten_below_ = std::max(forgotten_below_, ProducerId(producers_.front().id.value() + 1));
  by_id_.erase(producers_.front().id);
  producers_.pop_front();
  registry_->forget(1);
}

std::size_t ProducerTable::forget_unused_since(TimestampMs since_ms, std::size_t used_then_max) {
  std::size_t used_then = 0;
  while (!producers_.empty()) {
    const TimestampMs oldest_ms = producers_.front().last_used_ms;
    if (oldest_ms > since_ms || (oldest_ms == since_ms && used_then == used_then_max)) break;
    if (oldest_ms == since_ms) ++used_then;
    forget_oldest();
  }
  return used_then;
}

void ProducerTable::record(const record::BatchHeader& header, Offset base_offset, TimestampMs now_ms) {
  // Never before who was used last, even when the clock was set back: what is forgotten first goes by their order.
  const TimestampMs used_ms = producers_.empty() ? now_ms : std::max(now_ms, producers_.back().last_used_ms);
  ProducerState& producer = touch(header.producer_id);
  if (producer.epoch != header.producer_epoch) producer.batches.clear();
  producer.epoch = header.producer_epoch;
  producer.last_used_ms = used_ms;
  if (producer.batches.size() == ProducerState::kBatchesMax) producer.batches.erase(producer.batches.begin());
  producer.batches.push_back({header.base_sequence, header.last_sequence(), base_offset});
}

std::vector<ProducerState> ProducerTable::snapshot(Offset end) const {
  std::vector<ProducerState> producers;
  for (const ProducerState& producer : producers_) {
    ProducerState copy = producer;
    while (!copy.batches.empty() && copy.batches.back().base_offset >= end) copy.batches.pop_back();
    if (!copy.batches.empty()) producers.push_back(std::move(copy));
  }
  return producers;
}

void ProducerTable::restore(std::vector<ProducerState> producers, ProducerId forgotten_below) {
  while (!producers_.empty()) forget_oldest();
  forgotten_below_ = forgotten_below;
  for (ProducerState& producer : producers) touch(producer.id) = std::move(producer);
}

}  // namespace leat::storage
