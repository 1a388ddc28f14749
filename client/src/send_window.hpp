#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "client/src/outgoing_batch.hpp"

namespace leat::client {

/// The batches of one partition that have a sequence and no answer, and the rules that keep them free of duplicates and in
/// order; without I/O. Owned by a partition's queue; the core's executor only.
///
/// - A batch whose answer was lost is sent again as it is; the broker knows it if it was stored.
/// - When one is refused for the moment, those behind it are refused too, as they don't continue the sequence. Nothing is sent
///   until all are answered; then they go again, in order, as they are.
/// - One that is too large goes again in two parts, which continue its sequence.
/// - One that failed for good leaves a gap in the sequence. When every batch behind it has a certain outcome, the producer goes
///   on with its next epoch from sequence 0, which also keeps out what may still arrive of the old one. A sequence is never used
///   for other records.
/// - When the broker's idea of the sequence is another without such a gap, or it does not know the producer any more, the
///   producer goes on from sequence 0 likewise, in its next epoch or with another id. Then batches that were sent before and have
///   an unknown outcome fail: sending them under the new identity could store them twice.
/// - A batch given up with an unknown outcome takes with it those sent behind it: whether they were stored depends on it.
/// - A broker that has forgotten the producer accepts only the beginning of a sequence. What was never sent before goes again
///   under a new producer id; of what was sent on a connection that was lost nobody knows whether it was stored.
/// - Until a first batch was acknowledged, the next is not sent.
class SendWindow {
 public:
  /// What has to happen before the window goes on, besides waiting.
  struct Settlement {
    bool retry_later = false;
    bool new_producer = false;
    bool topic_unknown = false;
    bool limit_changed = false;  ///< the topic's largest batch is not what the producer took it for
  };

  explicit SendWindow(int batches_max) : batches_max_(batches_max) {}

  [[nodiscard]] bool has_identity() const { return identity_.producer_id != kNoProducer; }
  [[nodiscard]] ProducerId producer_id() const { return identity_.producer_id; }
  void set_identity(ProducerId producer_id, std::int16_t epoch);

  /// Whether a batch may be added that was encoded with next_stamp().
  [[nodiscard]] bool has_room() const;
  /// There are so many that a batch which is not full had better gather records.
  [[nodiscard]] bool takes_full_only() const;
  [[nodiscard]] const record::ProducerStamp& next_stamp() const { return identity_; }
  void push(BatchPtr batch);
  /// One that failed before it got a sequence: it only takes its place in the order of callbacks.
  void push_failed(BatchPtr batch, Error error);

  /// The batch to be sent now, if any.
  [[nodiscard]] BatchPtr next_to_send() const;
  void sent(OutgoingBatch& batch, std::uint64_t correlation);

  void acknowledged(OutgoingBatch& batch, const native::PublishAck& ack);
  void refused(OutgoingBatch& batch, Error error, bool retriable);
  void connection_lost();
  /// Gives up the batches opened before `opened_before`; returns the correlations whose answers don't matter any more.
  std::vector<std::uint64_t> expire(std::chrono::steady_clock::time_point opened_before);
  /// Fails what is not awaiting an answer.
  void fail_waiting(const Error& error);
  void fail_all(const Error& error);
  /// The topic was created anew: nothing there knows this producer, and nothing of it is stored there.
  void restart_sequence();

  /// To be called after any of the above.
  Settlement settle();
  /// The next batch that is done, in order.
  BatchPtr take_done();
  [[nodiscard]] bool empty() const { return batches_.empty(); }
  void add_barrier(const std::shared_ptr<FlushBarrier>& barrier) {
    for (const BatchPtr& batch : batches_) batch->barriers.push_back(barrier);
  }

 private:
  void fail(OutgoingBatch& batch, Error error);
  void split(OutgoingBatch& batch);
  void judge_refusals();
  void fail_unknown(const OutgoingBatch& refused);
  [[nodiscard]] bool any_unknown() const;
  void restart();

  const int batches_max_;
  std::deque<BatchPtr> batches_;
  record::ProducerStamp identity_{kNoProducer, -1, 0};  ///< base_sequence is the next batch's
  int awaiting_ = 0;
  bool established_ = false;     ///< the broker knows this producer and epoch
  bool rewinding_ = false;       ///< a batch was refused: waiting until all are answered
  bool needs_identity_ = false;  ///< the sequence has a gap
  bool needs_producer_ = false;  ///< and the next epoch is not enough
  Settlement wanted_;
};

}  // namespace leat::client
