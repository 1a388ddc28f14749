#include "client/src/send_window.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "client/src/batch_stamp.hpp"
#include "protocol/base/assert.hpp"

namespace leat::client {
namespace {

using State = OutgoingBatch::State;

/// How often a batch may find the broker's idea of its producer wrong before it fails.
constexpr int kRefusedSequencesMax = 3;

}  // namespace

void SendWindow::set_identity(ProducerId producer_id, std::int16_t epoch) {
  identity_ = {producer_id, epoch, 0};
  restart();
}

bool SendWindow::has_room() const {
  if (!has_identity() || rewinding_ || needs_identity_) return false;
  return batches_.size() < static_cast<std::size_t>(established_ ? batches_max_ : 1);
}

void SendWindow::push(BatchPtr batch) {
  LEAT_ASSERT(has_room());
  identity_.base_sequence = sequence_after(identity_.base_sequence, batch->record_count);
  batches_.push_back(std::move(batch));
}

void SendWindow::push_failed(BatchPtr batch, Error error) {
  batch->state = State::done;
  batch->error = std::move(error);
  batches_.push_back(std::move(batch));
}

BatchPtr SendWindow::next_to_send() const {
  if (rewinding_ || !has_identity()) return nullptr;
  for (const BatchPtr& batch : batches_) {
    if (batch->state != State::waiting) continue;
    if (needs_identity_ && !batch->outcome_unknown) continue;
    if (!established_ && awaiting_ > 0) return nullptr;
    return batch;
  }
  return nullptr;
}

void SendWindow::sent(OutgoingBatch& batch, std::uint64_t correlation) {
  LEAT_ASSERT(batch.state == State::waiting);
  batch.state = State::awaiting;
  batch.refusal.reset();
  batch.correlation = correlation;
  ++awaiting_;
}

void SendWindow::acknowledged(OutgoingBatch& batch, const native::PublishAck& ack) {
  LEAT_ASSERT(batch.state == State::awaiting);
  --awaiting_;
  established_ = true;
  batch.state = State::done;
  batch.outcome_unknown = false;
  batch.error.reset();
  batch.ack = ack;
}

void SendWindow::refused(OutgoingBatch& batch, Error error, bool retriable) {
  LEAT_ASSERT(batch.state == State::awaiting);
  --awaiting_;
  rewinding_ = true;
  batch.state = State::waiting;
  const Errc code = error.code;
  // A refusal for the moment may come before anybody looked whether the batch is stored already, and a broker that has forgotten
  // the producer cannot say.
  if (!retriable && code != Errc::unknown_producer) batch.outcome_unknown = false;
  batch.refusal = code;
  // What the broker had in hand when its storage failed may be found when it starts again.
  if (code == Errc::storage_failed) error.context.append(error.context.empty() ? "" : ", ").append("the outcome is unknown");
  batch.error = std::move(error);
  if (code == Errc::unknown_topic) {
    wanted_.topic_unknown = true;
  } else if (retriable) {
    wanted_.retry_later = true;
  } else if (code == Errc::unknown_producer && batch.outcome_unknown) {
    batch.error->context.append(batch.error->context.empty() ? "" : ", ").append("the outcome is unknown");
    needs_producer_ = true;
    fail(batch, *std::move(batch.error));
  } else if (code != Errc::out_of_order_sequence && code != Errc::producer_fenced && code != Errc::unknown_producer) {
    fail(batch, *std::move(batch.error));
  }
}

void SendWindow::fail(OutgoingBatch& batch, Error error) {
  batch.state = State::done;
  batch.outcome_unknown = false;
  batch.error = std::move(error);
  needs_identity_ = true;
}

void SendWindow::connection_lost() {
  for (const BatchPtr& batch : batches_) {
    if (batch->state != State::awaiting) continue;
    batch->state = State::waiting;
    batch->outcome_unknown = true;
  }
  awaiting_ = 0;
  // Whoever answers next may have lost what it knew of this producer.
  established_ = false;
}

std::vector<std::uint64_t> SendWindow::expire(std::chrono::steady_clock::time_point opened_before) {
  std::vector<std::uint64_t> unanswered;
  bool unknown_before = false;
  for (const BatchPtr& batch : batches_) {
    if (batch->state == State::done) continue;
    const bool unknown = batch->state == State::awaiting || batch->outcome_unknown;
    if (batch->opened_at > opened_before && !(unknown_before && unknown)) continue;
    if (batch->state == State::awaiting) {
      --awaiting_;
      unanswered.push_back(batch->correlation);
    }
    unknown_before = unknown_before || unknown;
    std::string text = unknown ? "not acknowledged in time, the outcome is unknown" : "not stored in time";
    if (!unknown && batch->error) text.append(", last refused with ").append(batch->error->message());
    fail(*batch, Error(Errc::timed_out, std::move(text)));
  }
  return unanswered;
}

void SendWindow::fail_waiting(const Error& error) {
  for (const BatchPtr& batch : batches_) {
    if (batch->state == State::waiting) fail(*batch, error);
  }
}

void SendWindow::fail_all(const Error& error) {
  for (const BatchPtr& batch : batches_) {
    if (batch->state != State::done) fail(*batch, error);
  }
  awaiting_ = 0;
}

SendWindow::Settlement SendWindow::settle() {
  if (awaiting_ > 0 || !(rewinding_ || needs_identity_)) return {};
  judge_first_refusal();
  if (needs_identity_ && !any_unknown() && has_identity()) {
    if (needs_producer_ || identity_.epoch == std::numeric_limits<std::int16_t>::max()) {
      identity_.producer_id = kNoProducer;
      wanted_.new_producer = true;
    } else {
      ++identity_.epoch;
      identity_.base_sequence = 0;
      restart();
    }
  }
  rewinding_ = false;
  return std::exchange(wanted_, {});
}

/// The first batch that has to go again has nothing before it that would explain an interrupted sequence: the broker's state of
/// this producer is not the one we know, as after losing what was acknowledged below `durable`.
void SendWindow::judge_first_refusal() {
  const auto first = std::find_if(batches_.begin(), batches_.end(), [](const BatchPtr& b) { return b->state == State::waiting; });
  if (first == batches_.end() || !(*first)->refusal) return;
  OutgoingBatch& batch = **first;
  const bool fenced = batch.refusal == Errc::producer_fenced || batch.refusal == Errc::unknown_producer;
  if (!fenced && batch.refusal != Errc::out_of_order_sequence) return;
  needs_producer_ = needs_producer_ || fenced;
  if (needs_identity_) return;
  needs_identity_ = true;
  if (++batch.refused_sequences > kRefusedSequencesMax) fail(batch, *std::move(batch.error));
}

bool SendWindow::any_unknown() const {
  return std::any_of(batches_.begin(), batches_.end(), [](const BatchPtr& batch) { return batch->outcome_unknown; });
}

/// Numbers what waits anew, from 0, for an identity that nothing was sent with.
void SendWindow::restart() {
  established_ = false;
  needs_identity_ = false;
  needs_producer_ = false;
  for (const BatchPtr& batch : batches_) {
    if (batch->state != State::waiting) continue;
    stamp_batch(batch->bytes, identity_);
    batch->refusal.reset();
    identity_.base_sequence = sequence_after(identity_.base_sequence, batch->record_count);
  }
}

BatchPtr SendWindow::take_done() {
  if (batches_.empty() || batches_.front()->state != State::done) return nullptr;
  BatchPtr batch = std::move(batches_.front());
  batches_.pop_front();
  return batch;
}

}  // namespace leat::client
