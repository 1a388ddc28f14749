#include "client/src/send_window.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "client/src/batch_split.hpp"
#include "client/src/batch_stamp.hpp"
#include "protocol/base/assert.hpp"

namespace leat::client {
namespace {

using State = OutgoingBatch::State;

constexpr std::size_t kPartlyFilledMax = 5;

/// How often a batch may find the broker's idea of its producer wrong before it fails.
constexpr int kRefusedSequencesMax = 3;

/// The broker takes no batch with this sequence of this producer, and there is nothing wrong with the batch.
bool is_about_sequence(Errc code) {
  return code == Errc::out_of_order_sequence || code == Errc::producer_fenced || code == Errc::unknown_producer;
}

void add_context(Error& error, std::string_view text) { error.context.append(error.context.empty() ? "" : ", ").append(text); }

Error expired(const OutgoingBatch& batch, bool unknown) {
  const bool refused = batch.error && is_retriable(batch.error->code);
  if (refused && !unknown) {
    Error error = *batch.error;
    add_context(error, "given up after the delivery timeout");
    return error;
  }
  std::string text = unknown ? "not acknowledged in time, the outcome is unknown" : "not stored in time";
  if (refused) text.append(", last refused with ").append(batch.error->message());
  return Error(Errc::timed_out, std::move(text));
}

}  // namespace

void SendWindow::set_identity(ProducerId producer_id, std::int16_t epoch) {
  identity_ = {producer_id, epoch, 0};
  restart();
}

bool SendWindow::has_room() const {
  if (!has_identity() || rewinding_ || needs_identity_) return false;
  return batches_.size() < static_cast<std::size_t>(established_ ? batches_max_ : 1);
}

bool SendWindow::takes_full_only() const { return batches_.size() >= kPartlyFilledMax; }

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
  int unanswered = 0;
  for (const BatchPtr& batch : batches_) {
    // The broker knows a repetition among so many; splitting may have made more of them.
    if (batch->state != State::done || unanswered > 0) ++unanswered;
    if (unanswered > batches_max_) return nullptr;
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
  batch.refusal = error.code;
  const Errc code = error.code;
  const bool final = !retriable && code != Errc::unknown_topic && !is_about_sequence(code);
  // What the broker had in hand when its storage failed may be found when it starts again. And any refusal may come before
  // anybody looked whether the batch is stored already, so that what was unknown still is.
  if (code == Errc::storage_failed) batch.outcome_unknown = true;
  if (final && batch.outcome_unknown) add_context(error, "the outcome is unknown");
  batch.error = std::move(error);
  if (code == Errc::unknown_topic) wanted_.topic_unknown = true;
  if (code == Errc::batch_too_large) wanted_.limit_changed = true;
  if (retriable) wanted_.retry_later = true;
  if (!final) return;
  if (code == Errc::batch_too_large && batch.record_count > 1 && !batch.outcome_unknown) return split(batch);
  fail(batch, *std::move(batch.error));
}

void SendWindow::split(OutgoingBatch& batch) {
  auto halves = split_batch(batch);
  if (halves.has_error()) return fail(batch, *std::move(batch.error));
  auto at = std::find_if(batches_.begin(), batches_.end(), [&](const BatchPtr& known) { return known.get() == &batch; });
  LEAT_ASSERT(at != batches_.end());
  *at = std::move(halves->second);
  batches_.insert(at, std::move(halves->first));
}

void SendWindow::fail(OutgoingBatch& batch, Error error) {
  // What was sent behind one that was certainly not stored was not stored either.
  if (batch.state == State::waiting && !batch.outcome_unknown) {
    auto at = std::find_if(batches_.begin(), batches_.end(), [&](const BatchPtr& known) { return known.get() == &batch; });
    for (; at != batches_.end(); ++at) (*at)->behind_gap = true;
  }
  batch.state = State::done;
  batch.outcome_unknown = false;
  batch.error = std::move(error);
  needs_identity_ = true;
}

void SendWindow::restart_sequence() {
  needs_identity_ = true;
  for (const BatchPtr& batch : batches_) {
    if (batch->state == State::waiting) batch->outcome_unknown = false;
  }
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
    fail(*batch, expired(*batch, unknown));
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
  judge_refusals();
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

/// A refused sequence is explained by a gap before it. Where there is none, the broker's state of this producer is not the one we
/// know: it lost what was acknowledged below `durable`, or forgot the producer.
void SendWindow::judge_refusals() {
  for (const BatchPtr& batch : batches_) {
    if (batch->behind_gap && batch->refusal == Errc::out_of_order_sequence) batch->outcome_unknown = false;
  }
  const auto first = std::find_if(batches_.begin(), batches_.end(), [](const BatchPtr& b) { return b->state == State::waiting; });
  if (first == batches_.end() || !(*first)->refusal || !is_about_sequence(*(*first)->refusal)) return;
  const BatchPtr batch = *first;
  const bool out_of_order = batch->refusal == Errc::out_of_order_sequence;
  needs_producer_ = needs_producer_ || !out_of_order;
  if (batch->behind_gap && out_of_order) return;
  needs_identity_ = true;
  fail_unknown(*batch);
  if (batch->state == State::waiting && ++batch->refused_sequences > kRefusedSequencesMax) fail(*batch, *std::move(batch->error));
}

/// Fails what may be stored: the broker cannot tell any more.
void SendWindow::fail_unknown(const OutgoingBatch& refused) {
  Error error = *refused.error;
  add_context(error, "its acknowledgement was lost before, the outcome is unknown");
  for (const BatchPtr& batch : batches_) {
    if (batch->state == State::waiting && batch->outcome_unknown) fail(*batch, error);
  }
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
    batch->behind_gap = false;
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
