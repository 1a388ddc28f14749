#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/record/format.hpp"

namespace leat::storage {

/// What a partition remembers of one idempotent producer: enough to know a repeated batch and to refuse a missing one.
struct ProducerState {
  struct Batch {
    std::int32_t base_sequence = 0;
    std::int32_t last_sequence = 0;
    Offset base_offset;
    friend bool operator==(const Batch&, const Batch&) = default;
  };
  ProducerId id;
  std::int16_t epoch = 0;
  TimestampMs last_used_ms = 0;
  std::deque<Batch> batches;  ///< the last kRememberedBatches, oldest first

  friend bool operator==(const ProducerState&, const ProducerState&) = default;
};

/// The idempotent producers of one partition, as Kafka's ProducerStateManager (KIP-98). One thread at a time.
class ProducerTable {
 public:
  static constexpr std::size_t kRememberedBatches = 5;
  static constexpr std::size_t kProducersMax = 1000;  ///< the least recently used is forgotten beyond
  static constexpr TimestampMs kExpiryMs = 24LL * 3600 * 1000;

  /// nullopt: append the batch. An offset: it was appended there before. Errors: out_of_order_sequence, producer_fenced. A
  /// producer that is not known may begin at any sequence.
  [[nodiscard]] Result<std::optional<Offset>> check(const record::BatchHeader& header) const;
  /// Remembers a batch that was given its offset.
  void record(const record::BatchHeader& header, Offset base_offset, TimestampMs now_ms);

  /// The producers as of offset `end`, without those unused for a day; batches at or behind `end` left out.
  [[nodiscard]] std::vector<ProducerState> snapshot(Offset end, TimestampMs now_ms) const;
  void restore(std::vector<ProducerState> producers);
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

 private:
  ProducerState& touch(ProducerId id);

  std::list<ProducerState> producers_;  ///< least recently used first
  std::unordered_map<ProducerId, std::list<ProducerState>::iterator> by_id_;
};

}  // namespace leat::storage
