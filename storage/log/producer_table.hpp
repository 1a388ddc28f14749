#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/record/format.hpp"
#include "protocol/record/in_flight_limit.hpp"
#include "storage/log/producer_registry.hpp"

namespace leat::storage {

/// What a partition remembers of one idempotent producer: enough to know a repeated batch and to refuse a missing one.
struct ProducerState {
  struct Batch {
    std::int32_t base_sequence = 0;
    std::int32_t last_sequence = 0;
    Offset base_offset;
    friend bool operator==(const Batch&, const Batch&) = default;
  };
  static constexpr std::size_t kInFlightMax =
      record::kInFlightBatchesMax;  ///< a producer may have so many unanswered, in each partition
  /// One more: when none of those is in the segments yet, a checkpoint still has one that is.
  static constexpr std::size_t kBatchesMax = kInFlightMax + 1;

  ProducerId id;
  std::int16_t epoch = 0;
  TimestampMs last_used_ms = 0;
  boost::container::static_vector<Batch, kBatchesMax> batches;  ///< the last ones, oldest first

  friend bool operator==(const ProducerState&, const ProducerState&) = default;
};

/// The idempotent producers of one partition, as Kafka's ProducerStateManager (KIP-98). One thread at a time.
///
/// A producer is forgotten when it is not used for a day or when the store remembers too many. Whoever is not known begins at
/// sequence 0, with an id above all that were forgotten: any other batch may be the repetition of one that was stored. Kafka
/// takes it since KIP-360, and with it the duplicate; here the client decides, which alone knows whether it sent the batch
/// before, and gets a new id for the asking. Ids ascend, so that one of them speaks for all that were forgotten. What made that
/// hard for Kafka, state that was lost with the records it stood in, does not happen: it is kept in the checkpoint, whatever
/// retention deletes.
class ProducerTable {
 public:
  static constexpr TimestampMs kExpiryMs = 24LL * 3600 * 1000;

  explicit ProducerTable(std::shared_ptr<ProducerRegistry> registry) : registry_(std::move(registry)) {}
  ProducerTable(ProducerTable&&) = default;
  ~ProducerTable();
  void swap(ProducerTable& other) noexcept;

  /// nullopt: append the batch. An offset: it was appended there before. Errors: out_of_order_sequence, producer_fenced,
  /// unknown_producer; overloaded for a new one while the store remembers as many as it may: the next checkpoint makes room, and
  /// until then none that may be active is forgotten for it.
  [[nodiscard]] Result<std::optional<Offset>> check(const record::BatchHeader& header) const;
  /// Remembers a batch that was given its offset.
  void record(const record::BatchHeader& header, Offset base_offset, TimestampMs now_ms);
  /// Forgets the producers that were last used before, and so many at most of those that were at that moment: how many of them.
  std::size_t forget_unused_since(TimestampMs since_ms, std::size_t used_then_max = 0);

  /// The producers as of offset `end`; batches at or behind it left out.
  [[nodiscard]] std::vector<ProducerState> snapshot(Offset end) const;
  /// Ids below may have been forgotten: one of them that is not known is not new.
  [[nodiscard]] ProducerId forgotten_below() const { return forgotten_below_; }
  void restore(std::vector<ProducerState> producers, ProducerId forgotten_below);
  [[nodiscard]] bool remembers(ProducerId id) const { return by_id_.contains(id); }
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  /// Least recently used first.
  [[nodiscard]] const std::list<ProducerState>& producers() const { return producers_; }

 private:
  [[nodiscard]] Result<std::optional<Offset>> check_first(const record::BatchHeader& header) const;
  ProducerState& touch(ProducerId id);
  void forget_oldest();

  std::shared_ptr<ProducerRegistry> registry_;  ///< null once moved from
  std::list<ProducerState> producers_;          ///< least recently used first
  std::unordered_map<ProducerId, std::list<ProducerState>::iterator> by_id_;
  ProducerId forgotten_below_{0};
};

}  // namespace leat::storage
