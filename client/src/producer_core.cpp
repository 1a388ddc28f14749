#include "client/src/producer_core.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "client/src/producer_limits.hpp"

namespace leat::client {
namespace {

/// A publish's frame around its batch is smaller than this.
constexpr std::size_t kPublishHeaderBytes = 1024;
constexpr std::chrono::milliseconds kSweepIntervalMin{5};
constexpr std::chrono::milliseconds kSweepIntervalMax{1'000};
/// An expiry is late by this part of the timeout at most.
constexpr int kSweepsPerTimeout = 8;

/// Asking again is of no use.
bool is_final(Errc code) {
  return code == Errc::unknown_topic || code == Errc::invalid_topic_name || code == Errc::invalid_argument ||
         code == Errc::unsupported_request || code == Errc::closed;
}

/// The error with what it is about before its text, which says so already when the broker repeats the name alone.
Error named(const Error& error, const std::string& what) {
  return Error(error.code, error.context.empty() || error.context == what ? what : what + ": " + error.context);
}

}  // namespace

ProducerCore::ProducerCore(std::shared_ptr<Core> core, const ProducerOptions& options)
    : core_(std::move(core)),
      options_(within_limits(options)),
      buffer_(options_, [this] { core_->post([self = shared_from_this()] { self->work(); }); }),
      wake_(core_->executor()),
      sweep_(core_->executor()),
      refresh_(core_->executor()),
      identity_(options_) {}

void ProducerCore::open() {
  core_->post([self = shared_from_this()] {
    self->core_->add_member(self);
    self->refresh_later();
  });
}

void ProducerCore::close() {
  core_->post([self = shared_from_this()] { self->do_close(); });
}

void ProducerCore::flush(Completion<void> done) {
  const auto waiting = std::make_shared<Completion<void>>(std::move(done));
  const bool begun = core_->post([self = shared_from_this(), waiting] {
    if (self->closed_) return waiting->post(Error(Errc::closed, "the producer was closed"));
    const auto barrier = std::make_shared<FlushBarrier>(std::move(*waiting));
    self->buffer_.flush(barrier);
    for (PartitionQueue* queue : self->buffer_.partitions()) queue->window.add_barrier(barrier);
    self->pump_all();
    self->core_->flush();
  });
  if (!begun) waiting->post(Core::gone());
}

void ProducerCore::on_connected() {
  refresh_topics();
  pump_all();
  core_->flush();
}

void ProducerCore::on_disconnected() {
  if (options_.on_retry && core_->last_failure() && buffer_.buffered_bytes() > 0) options_.on_retry(*core_->last_failure());
  answered_.clear();
  for (PartitionQueue* queue : buffer_.partitions()) {
    queue->in_line = false;
    queue->window.connection_lost();
    settle(*queue);
  }
  finished_.deliver(buffer_);
}

void ProducerCore::on_closed() { do_close(); }

void ProducerCore::work() {
  if (closed_) return;
  const RecordBuffer::Work work = buffer_.take_work();
  for (TopicQueue* topic : work.lookups) look_up(*topic);
  for (PartitionQueue* queue : work.partitions) pump(*queue);
  core_->flush();
  sweep_later();
}

void ProducerCore::pump_all() {
  for (PartitionQueue* queue : buffer_.partitions()) pump(*queue);
}

void ProducerCore::pump(PartitionQueue& queue) {
  if (closed_) return;
  if (queue.in_line || !ready_to_send(queue)) return buffer_.pause(queue);
  do {
    while (const BatchPtr batch = queue.window.next_to_send()) {
      if (!core_->has_publish_room(batch->bytes.size())) {
        wait_for_room(queue);
        return buffer_.pause(queue);
      }
      transmit(queue, batch);
    }
    if (!queue.window.has_room()) return buffer_.pause(queue);
  } while (take_next(queue));
}

void ProducerCore::wait_for_room(PartitionQueue& queue) {
  queue.in_line = true;
  core_->wait_for_publish_room([weak = weak_from_this(), &queue] {
    const auto self = weak.lock();
    if (!self) return;
    queue.in_line = false;
    self->pump(queue);
  });
}

bool ProducerCore::ready_to_send(PartitionQueue& queue) {
  if (!core_->is_connected()) return false;
  if (queue.resume_at > Clock::now()) {
    wake_at(queue.resume_at);
    return false;
  }
  if (queue.window.has_identity()) return true;
  if (const auto& identity = identity_.known()) {
    queue.window.set_identity(identity->producer_id, identity->producer_epoch);
    return true;
  }
  request_identity();
  return false;
}

bool ProducerCore::take_next(PartitionQueue& queue) {
  auto [batch, due_at] =
      buffer_.take_due(queue, options_.linger.count() == 0 ? Clock::time_point{} : Clock::now(), queue.window.takes_full_only());
  if (due_at) wake_at(*due_at);
  if (!batch) return false;
  seal(queue, std::move(batch));
  return true;
}

void ProducerCore::seal(PartitionQueue& queue, BatchPtr batch) {
  batch->record_count = batch->builder.record_count();
  auto bytes = batch->builder.finish(queue.window.next_stamp());
  if (bytes.has_error()) {
    queue.window.push_failed(std::move(batch), std::move(bytes).error());
    answered_.push_back(&queue);
    return end_turn_soon();
  }
  batch->bytes = *std::move(bytes);
  queue.window.push(std::move(batch));
}

void ProducerCore::transmit(PartitionQueue& queue, const BatchPtr& batch) {
  if (batch->bytes.size() + kPublishHeaderBytes > core_->frame_bytes_max()) {
    // It would cost the connection: as if the broker had said so.
    Error error(Errc::batch_too_large,
                std::to_string(batch->bytes.size()) + " bytes in a frame of at most " + std::to_string(core_->frame_bytes_max()));
    queue.window.sent(*batch, 0);
    on_outcome(queue, *batch, PublishOutcome{.error = std::move(error)});
    return end_turn_soon();
  }
  const native::Publish publish{{queue.topic.id, queue.partition}, options_.ack};
  // The batch stays in the window until the answer, and with it the pointer valid.
  const std::uint64_t correlation = core_->publish(
      publish, SharedBytes(batch, batch->bytes), [self = shared_from_this(), &queue, raw = batch.get()](PublishOutcome outcome) {
        self->on_outcome(queue, *raw, std::move(outcome));
      });
  queue.window.sent(*batch, correlation);
}

void ProducerCore::on_outcome(PartitionQueue& queue, OutgoingBatch& batch, PublishOutcome outcome) {
  if (closed_) return;
  if (answered_.empty() || answered_.back() != &queue) answered_.push_back(&queue);
  if (!outcome.error) {
    queue.backoff.reset();
    return queue.window.acknowledged(batch, outcome.ack);
  }
  Error error = named(*outcome.error, queue.topic.name + "-" + std::to_string(queue.partition.value()));
  if (outcome.retriable && options_.on_retry) options_.on_retry(error);
  queue.window.refused(batch, std::move(error), outcome.retriable);
}

void ProducerCore::on_turn_end() {
  if (closed_) return;
  const auto answered = std::exchange(answered_, {});
  for (PartitionQueue* queue : answered) settle(*queue);
  for (PartitionQueue* queue : answered) pump(*queue);
  core_->flush();
  finished_.deliver(buffer_);
}

void ProducerCore::end_turn_soon() {
  core_->post([self = shared_from_this()] { self->on_turn_end(); });
}

void ProducerCore::settle(PartitionQueue& queue) {
  const ProducerId producer = queue.window.producer_id();
  const SendWindow::Settlement wanted = queue.window.settle();
  if (wanted.retry_later || wanted.topic_unknown) queue.resume_at = Clock::now() + queue.backoff.next(core_->random());
  if (wanted.new_producer) identity_.spent(producer);
  if (wanted.topic_unknown || wanted.limit_changed) look_up(queue.topic);
  while (BatchPtr batch = queue.window.take_done()) finished_.add(queue.partition, std::move(batch));
}

void ProducerCore::look_up(TopicQueue& topic) {
  topic.lookup_at.reset();
  if (std::exchange(topic.looking_up, true)) return;
  core_->forget_route(topic.name);
  core_->route(topic.name,
               [self = shared_from_this(), &topic](const Result<TopicRoute>& route) { self->on_route(topic, route); });
}

void ProducerCore::on_route(TopicQueue& topic, const Result<TopicRoute>& route) {
  if (closed_) return;
  topic.looking_up = false;
  if (route.has_value()) {
    resolved(topic, *route);
  } else if (is_final(route.error().code)) {
    fail_topic(topic, named(route.error(), topic.name));
  } else {
    topic.lookup_error = named(route.error(), topic.name);
    if (options_.on_retry) options_.on_retry(*topic.lookup_error);
    topic.lookup_at = Clock::now() + topic.backoff.next(core_->random());
    wake_at(*topic.lookup_at);
  }
  finished_.deliver(buffer_);
}

void ProducerCore::resolved(TopicQueue& topic, const TopicRoute& route) {
  const bool created_anew = topic.id != route.id && !topic.id.is_nil();
  topic.id = route.id;
  topic.lookup_error.reset();
  topic.backoff.reset();
  std::size_t batch_bytes_max = route.message_bytes_max.value_or(std::numeric_limits<std::size_t>::max());
  if (core_->frame_bytes_max() > kPublishHeaderBytes) {
    batch_bytes_max = std::min(batch_bytes_max, core_->frame_bytes_max() - kPublishHeaderBytes);
  }
  for (auto& misplaced : buffer_.resolve(topic, static_cast<std::size_t>(route.partitions), batch_bytes_max)) {
    finished_.add_failed(std::move(misplaced.parked), std::move(misplaced.error));
  }
  for (const auto& queue : topic.partitions) {
    if (created_anew) {
      queue->window.restart_sequence();
      settle(*queue);
      queue->resume_at = {};
    }
    if (queue->partition.value() >= route.partitions) {
      fail_queue(*queue, Error(Errc::unknown_partition, topic.name + "-" + std::to_string(queue->partition.value())));
    }
    pump(*queue);
  }
  core_->flush();
}

void ProducerCore::fail_topic(TopicQueue& topic, const Error& error) {
  for (ParkedRecord& parked : buffer_.take_parked(topic, Clock::time_point::max())) {
    finished_.add_failed(std::move(parked), error);
  }
  for (const auto& queue : topic.partitions) fail_queue(*queue, error);
  buffer_.unresolve(topic);
}

void ProducerCore::fail_queue(PartitionQueue& queue, const Error& error) {
  queue.window.fail_waiting(error);
  for (BatchPtr& batch : buffer_.take_all(queue)) queue.window.push_failed(std::move(batch), error);
  buffer_.resume(queue);
  settle(queue);
}

void ProducerCore::request_identity() {
  if (!identity_.begin_asking(Clock::now())) return;
  core_->request(native::InitProducer{}, true, [self = shared_from_this()](Result<native::Message> message) {
    if (!self->closed_) self->on_identity(expect_reply<native::InitProducerReply>(std::move(message)));
  });
}

void ProducerCore::on_identity(const Result<native::InitProducerReply>& reply) {
  if (reply.has_value()) {
    identity_.obtained(*reply);
    pump_all();
    return core_->flush();
  }
  const Error& error = reply.error();
  if (!is_retriable(error.code)) {
    identity_.failed();
    return fail_without_identity(error);
  }
  identity_.refused(error, Clock::now(), core_->random());
  wake_at(*identity_.ask_at());
  if (options_.on_retry) options_.on_retry(error);
}

void ProducerCore::fail_without_identity(const Error& error) {
  for (PartitionQueue* queue : buffer_.partitions()) {
    if (!queue->window.has_identity()) fail_queue(*queue, named(error, queue->topic.name));
  }
  finished_.deliver(buffer_);
}

void ProducerCore::wake_at(Clock::time_point at) {
  if (!closed_) wake_.ring_at(at, weak_from_this(), &ProducerCore::on_wake);
}

void ProducerCore::on_wake() {
  const auto now = Clock::now();
  for (TopicQueue* topic : buffer_.topics()) {
    if (!topic->lookup_at) continue;
    if (*topic->lookup_at <= now) {
      look_up(*topic);
    } else {
      wake_at(*topic->lookup_at);
    }
  }
  if (identity_.ask_at() && *identity_.ask_at() > now) wake_at(*identity_.ask_at());
  pump_all();
  core_->flush();
}

void ProducerCore::refresh_topics() {
  for (TopicQueue* topic : buffer_.topics()) {
    if (topic->resolved) look_up(*topic);
  }
}

void ProducerCore::refresh_later() {
  if (closed_ || options_.topic_refresh_interval.count() == 0) return;
  refresh_.ring_at(Clock::now() + options_.topic_refresh_interval, weak_from_this(), &ProducerCore::on_refresh);
}

void ProducerCore::on_refresh() {
  if (core_->is_connected()) refresh_topics();
  refresh_later();
}

void ProducerCore::sweep_later() {
  if (closed_ || buffer_.buffered_bytes() == 0) return;
  const auto interval = std::clamp(options_.delivery_timeout / kSweepsPerTimeout, kSweepIntervalMin, kSweepIntervalMax);
  sweep_.ring_at(Clock::now() + interval, weak_from_this(), &ProducerCore::sweep);
}

Error ProducerCore::never_sent(const std::optional<Error>& why) const {
  const std::string lost = core_->last_failure() ? core_->last_failure()->message() : "no room at the broker";
  return Error(Errc::timed_out, "never sent: " + (why ? why->message() : lost));
}

/// Gives up what is too old. Only while something is buffered, so that an idle producer costs nothing.
void ProducerCore::sweep() {
  const auto now = Clock::now();
  const auto expired_before = now - options_.delivery_timeout;
  for (TopicQueue* topic : buffer_.topics()) {
    for (ParkedRecord& parked : buffer_.take_parked(*topic, expired_before)) {
      finished_.add_failed(std::move(parked), never_sent(topic->lookup_error));
    }
  }
  for (PartitionQueue* queue : buffer_.partitions()) {
    for (const std::uint64_t correlation : queue->window.expire(expired_before)) core_->forget_publish(correlation);
    buffer_.close_older(*queue, now - options_.delivery_timeout / kSweepsPerTimeout);
    for (BatchPtr& batch : buffer_.take_expired(*queue, expired_before)) {
      queue->window.push_failed(std::move(batch), never_sent(queue->window.has_identity() ? std::nullopt : identity_.refusal()));
    }
    settle(*queue);
  }
  pump_all();
  core_->flush();
  finished_.deliver(buffer_);
  sweep_later();
}

void ProducerCore::do_close() {
  if (std::exchange(closed_, true)) return;
  wake_.cancel();
  sweep_.cancel();
  refresh_.cancel();
  const Error error(Errc::closed, "the producer was closed, the outcome is unknown");
  for (const auto& waiter : buffer_.close()) waiter->accepted(Error(Errc::closed, "the producer was closed"));
  for (TopicQueue* topic : buffer_.topics()) {
    for (ParkedRecord& parked : buffer_.take_parked(*topic, Clock::time_point::max())) {
      finished_.add_failed(std::move(parked), error);
    }
    for (const auto& queue : topic->partitions) {
      queue->window.fail_all(error);
      for (BatchPtr& batch : buffer_.take_all(*queue)) queue->window.push_failed(std::move(batch), error);
      while (BatchPtr batch = queue->window.take_done()) finished_.add(queue->partition, std::move(batch));
    }
  }
  finished_.deliver(buffer_);
}

}  // namespace leat::client
