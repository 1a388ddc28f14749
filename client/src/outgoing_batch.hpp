#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "client/src/completion.hpp"
#include "leat/producer.hpp"
#include "protocol/native/messages.hpp"
#include "protocol/record/batch_builder.hpp"

namespace leat::client {

/// A callback that waits for its record's batch.
struct PendingDelivery {
  std::int32_t index;  ///< of the record in the batch
  TimestampMs timestamp;
  DeliveryCallback callback;
};

/// A flush that goes on: every batch and every parked record that it waits for holds on to it, until its callbacks have run. It
/// is over when the last lets go.
class FlushBarrier {
 public:
  explicit FlushBarrier(Completion<void> done) : done_(std::move(done)) {}
  FlushBarrier(const FlushBarrier&) = delete;
  FlushBarrier& operator=(const FlushBarrier&) = delete;
  ~FlushBarrier() { done_.post(ok()); }

 private:
  Completion<void> done_;
};

/// A batch from its first record until its callbacks have run. While it is open it belongs to the RecordBuffer, under its lock,
/// and then to the core's executor.
struct OutgoingBatch {
  enum class State : std::uint8_t {
    waiting,   ///< to be sent, or sent again
    awaiting,  ///< sent on the present connection and not answered
    done,      ///< acknowledged, or failed for good
  };

  explicit OutgoingBatch(const record::BuilderOptions& options) : builder(options) {}

  record::BatchBuilder builder;
  std::vector<PendingDelivery> deliveries;
  std::vector<std::shared_ptr<FlushBarrier>> barriers;
  std::size_t cost_bytes = 0;
  std::chrono::steady_clock::time_point opened_at;

  std::vector<std::byte> bytes;  ///< encoded
  std::int32_t record_count = 0;
  State state = State::waiting;
  bool outcome_unknown = false;  ///< it was sent on a connection that was lost before the answer
  bool behind_gap = false;       ///< one sent before it was certainly not stored, so that neither was this one
  int refused_sequences = 0;     ///< how often its producer's state at the broker did not go with it
  std::optional<Errc> refusal;   ///< the answer to its last sending
  std::optional<Error> error;    ///< why it failed or, while it waits, why it was refused last
  std::uint64_t correlation = 0;
  native::PublishAck ack;

  void hold(const std::shared_ptr<FlushBarrier>& barrier) {
    if (std::find(barriers.begin(), barriers.end(), barrier) == barriers.end()) barriers.push_back(barrier);
  }

  /// As new, with its memory.
  void reset() {
    if (!bytes.empty()) builder.recycle(std::move(bytes));
    bytes.clear();
    builder.clear();
    deliveries.clear();
    barriers.clear();
    cost_bytes = 0;
    record_count = 0;
    state = State::waiting;
    outcome_unknown = false;
    behind_gap = false;
    refused_sequences = 0;
    refusal.reset();
    error.reset();
    correlation = 0;
    ack = {};
  }
};

using BatchPtr = std::shared_ptr<OutgoingBatch>;

}  // namespace leat::client
