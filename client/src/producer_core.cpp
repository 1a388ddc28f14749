#include "client/src/producer_core.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace leat::client {
namespace {

/// A publish's frame around its batch is smaller than this.
constexpr std::size_t kPublishHeaderBytes = 1024;
constexpr std::chrono::milliseconds kSweepIntervalMin{5};
constexpr std::chrono::milliseconds kSweepIntervalMax{1'000};
/// An expiry is late by this part of the timeout at most.
constexpr int kSweepsPerTimeout = 8;
/// Far enough from where arithmetic with times overflows.
constexpr std::chrono::milliseconds kTimeMax = std::chrono::hours(24 * 365);

ProducerOptions sane(ProducerOptions options) {
  options.in_flight_batches_max = std::clamp(options.in_flight_batches_max, 1, 5);
  options.batch_bytes_max = std::max<std::size_t>(options.batch_bytes_max, 1);
  options.linger = std::clamp(options.linger, std::chrono::milliseconds(0), kTimeMax);
  options.delivery_timeout = std::clamp(options.delivery_timeout, std::chrono::milliseconds(0), kTimeMax);
  return options;
}

/// Asking again is of no use.
bool is_final(Errc code) {
  return code == Errc::unknown_topic || code == Errc::invalid_topic_name || code == Errc::invalid_argument ||
         code == Errc::unsupported_request || code == Errc::closed;
}

}  // namespace

ProducerCore::ProducerCore(std::shared_ptr<Core> core, const ProducerOptions& options)
    : core_(std::move(core)),
      options_(sane(options)),
      buffer_(options_, [this] { core_->post([self = shared_from_this()] { self->work(); }); }),
      wake_timer_(core_->executor()),
      sweep_timer_(core_->executor()),
      refresh_timer_(core_->executor()),
      identity_backoff_(options_.retry_backoff_min, options_.retry_backoff_max) {}

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
  core_->post([self = shared_from_this(), done = std::move(done)]() mutable {
    if (self->closed_) return done.post(Error(Errc::closed, "the producer was closed"));
    const auto barrier = std::make_shared<FlushBarrier>(std::move(done));
    self->buffer_.flush(barrier);
    for (PartitionQueue* queue : self->buffer_.partitions()) queue->window.add_barrier(barrier);
    self->pump_all();
    self->core_->flush();
  });
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
    queue->window.connection_lost();
    settle(*queue);
  }
  deliver();
}

void ProducerCore::on_closed() { do_close(); }

void ProducerCore::work() {
  if (closed_) return;
  const RecordBuffer::Work work = buffer_.take_work();
  for (TopicQueue* topic : work.lookups) look_up(*topic);
  for (PartitionQueue* queue : work.partitions) pump(*queue);
  core_->flush();
  start_sweeping();
}

void ProducerCore::pump_all() {
  starved_ = false;
  for (PartitionQueue* queue : buffer_.partitions()) pump(*queue);
}

void ProducerCore::pump(PartitionQueue& queue) {
  if (closed_) return;
  if (!ready_to_send(queue)) return buffer_.pause(queue);
  do {
    while (const BatchPtr batch = queue.window.next_to_send()) {
      if (!core_->has_publish_room(batch->bytes.size())) {
        starved_ = true;
        return buffer_.pause(queue);
      }
      transmit(queue, batch);
    }
    if (!queue.window.has_room()) return buffer_.pause(queue);
  } while (take_next(queue));
}

bool ProducerCore::ready_to_send(PartitionQueue& queue) {
  if (!core_->is_connected()) return false;
  if (queue.resume_at > Clock::now()) {
    wake_at(queue.resume_at);
    return false;
  }
  if (queue.window.has_identity()) return true;
  if (!identity_) {
    request_identity();
    return false;
  }
  queue.window.set_identity(identity_->producer_id, identity_->producer_epoch);
  return true;
}

bool ProducerCore::take_next(PartitionQueue& queue) {
  auto [batch, due_at] = buffer_.take_due(queue, options_.linger.count() == 0 ? Clock::time_point{} : Clock::now());
  if (due_at) wake_at(*due_at);
  if (!batch) return false;
  seal(queue, std::move(batch));
  return true;
}

void ProducerCore::seal(PartitionQueue& queue, BatchPtr batch) {
  batch->record_count = batch->builder.record_count();
  auto bytes = batch->builder.finish(queue.window.next_stamp());
  if (bytes.has_value() && bytes->size() + kPublishHeaderBytes > core_->frame_bytes_max()) {
    bytes = Error(Errc::batch_too_large,
                  std::to_string(bytes->size()) + " bytes in a frame of at most " + std::to_string(core_->frame_bytes_max()));
  }
  if (bytes.has_error()) {
    queue.window.push_failed(std::move(batch), std::move(bytes).error());
    answered_.push_back(&queue);
    // Nothing else may come in this turn that would have it told.
    return core_->post([self = shared_from_this()] { self->on_turn_end(); });
  }
  batch->bytes = *std::move(bytes);
  queue.window.push(std::move(batch));
}

void ProducerCore::transmit(PartitionQueue& queue, const BatchPtr& batch) {
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
  Error error = *std::move(outcome.error);
  const std::string where = queue.topic.name + "-" + std::to_string(queue.partition.value());
  error.context = error.context.empty() ? where : where + ": " + error.context;
  if (outcome.retriable && options_.on_retry) options_.on_retry(error);
  queue.window.refused(batch, std::move(error), outcome.retriable);
}

void ProducerCore::on_turn_end() {
  if (closed_) return;
  const auto answered = std::exchange(answered_, {});
  for (PartitionQueue* queue : answered) settle(*queue);
  for (PartitionQueue* queue : answered) pump(*queue);
  if (starved_) pump_all();
  core_->flush();
  deliver();
}

void ProducerCore::settle(PartitionQueue& queue) {
  const ProducerId producer = queue.window.producer_id();
  const SendWindow::Settlement wanted = queue.window.settle();
  if (wanted.retry_later || wanted.topic_unknown) queue.resume_at = Clock::now() + queue.backoff.next(core_->random());
  if (wanted.new_producer && identity_ && identity_->producer_id == producer) identity_.reset();
  if (wanted.topic_unknown || wanted.limit_changed) look_up(queue.topic);
  while (BatchPtr batch = queue.window.take_done()) done_.push_back({queue.partition, std::move(batch)});
}

void ProducerCore::deliver() {
  if (done_.empty() && failed_.empty()) return;
  auto done = std::exchange(done_, {});
  auto failed = std::exchange(failed_, {});
  std::size_t released = 0;
  for (const Done& one : done) released += one.batch->cost_bytes;
  for (const auto& one : failed) released += one.parked.cost_bytes;
  buffer_.release(released);

  for (auto& [parked, error] : failed) {
    if (parked.callback) parked.callback(std::move(error));
  }
  for (Done& one : done) {
    OutgoingBatch& batch = *one.batch;
    for (PendingDelivery& delivery : batch.deliveries) {
      if (batch.error) {
        delivery.callback(*batch.error);
      } else {
        delivery.callback(Delivery{one.partition, batch.ack.base_offset + delivery.index, delivery.timestamp, batch.ack.level});
      }
    }
    batch.barriers.clear();  // a write may hold the batch for longer
    buffer_.recycle(std::move(one.batch));
  }
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
    fail_topic(topic, Error(route.error().code, topic.name));
  } else {
    topic.lookup_at = Clock::now() + topic.backoff.next(core_->random());
    wake_at(*topic.lookup_at);
  }
  deliver();
}

void ProducerCore::resolved(TopicQueue& topic, const TopicRoute& route) {
  const bool created_anew = topic.id != route.id && !topic.id.is_nil();
  topic.id = route.id;
  topic.backoff.reset();
  std::size_t batch_bytes_max = route.message_bytes_max.value_or(std::numeric_limits<std::size_t>::max());
  if (core_->frame_bytes_max() > kPublishHeaderBytes) {
    batch_bytes_max = std::min(batch_bytes_max, core_->frame_bytes_max() - kPublishHeaderBytes);
  }
  for (auto& misplaced : buffer_.resolve(topic, static_cast<std::size_t>(route.partitions), batch_bytes_max)) {
    failed_.push_back(std::move(misplaced));
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
    failed_.push_back({std::move(parked), error});
  }
  for (const auto& queue : topic.partitions) fail_queue(*queue, error);
  buffer_.unresolve(topic);
}

void ProducerCore::fail_queue(PartitionQueue& queue, const Error& error) {
  queue.window.fail_waiting(error);
  for (BatchPtr& batch : buffer_.take_all(queue)) queue.window.push_failed(std::move(batch), error);
  settle(queue);
}

void ProducerCore::request_identity() {
  if (identity_at_ || std::exchange(identity_requested_, true)) return;
  core_->request(native::InitProducer{}, true, [self = shared_from_this()](Result<native::Message> message) {
    self->identity_requested_ = false;
    if (self->closed_) return;
    auto reply = expect_reply<native::InitProducerReply>(std::move(message));
    if (reply.has_error()) {
      self->identity_at_ = Clock::now() + self->identity_backoff_.next(self->core_->random());
      return self->wake_at(*self->identity_at_);
    }
    self->identity_ = *reply;
    self->identity_backoff_.reset();
    self->pump_all();
    self->core_->flush();
  });
}

void ProducerCore::wake_at(Clock::time_point at) {
  if (wake_due_ && *wake_due_ <= at) return;
  wake_due_ = at;
  wake_timer_.expires_at(at);
  wake_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
    const auto self = weak.lock();
    if (!problem && self && !self->closed_) self->on_wake();
  });
}

void ProducerCore::on_wake() {
  wake_due_.reset();
  const auto now = Clock::now();
  for (TopicQueue* topic : buffer_.topics()) {
    if (!topic->lookup_at) continue;
    if (*topic->lookup_at <= now) {
      look_up(*topic);
    } else {
      wake_at(*topic->lookup_at);
    }
  }
  if (identity_at_ && *identity_at_ <= now) identity_at_.reset();
  if (identity_at_) wake_at(*identity_at_);
  pump_all();
  core_->flush();
}

void ProducerCore::refresh_topics() {
  for (TopicQueue* topic : buffer_.topics()) {
    if (topic->resolved) look_up(*topic);
  }
}

void ProducerCore::refresh_later() {
  if (closed_ || options_.topic_refresh_interval.count() <= 0) return;
  refresh_timer_.expires_after(std::min(options_.topic_refresh_interval, kTimeMax));
  refresh_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
    const auto self = weak.lock();
    if (problem || !self || self->closed_) return;
    if (self->core_->is_connected()) self->refresh_topics();
    self->refresh_later();
  });
}

void ProducerCore::start_sweeping() {
  if (closed_ || sweeping_ || buffer_.buffered_bytes() == 0) return;
  sweeping_ = true;
  sweep_timer_.expires_after(std::clamp(options_.delivery_timeout / kSweepsPerTimeout, kSweepIntervalMin, kSweepIntervalMax));
  sweep_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
    const auto self = weak.lock();
    if (!problem && self && !self->closed_) self->sweep();
  });
}

/// Gives up what is too old. Only while something is buffered, so that an idle producer costs nothing.
void ProducerCore::sweep() {
  sweeping_ = false;
  const auto now = Clock::now();
  const auto expired_before = now - options_.delivery_timeout;
  const Error never_sent(Errc::timed_out, "never sent: no connection, or no room at the broker");
  for (TopicQueue* topic : buffer_.topics()) {
    for (ParkedRecord& parked : buffer_.take_parked(*topic, expired_before)) {
      failed_.push_back({std::move(parked), never_sent});
    }
  }
  for (PartitionQueue* queue : buffer_.partitions()) {
    for (const std::uint64_t correlation : queue->window.expire(expired_before)) core_->forget_publish(correlation);
    buffer_.close_older(*queue, now - options_.delivery_timeout / kSweepsPerTimeout);
    for (BatchPtr& batch : buffer_.take_expired(*queue, expired_before)) queue->window.push_failed(std::move(batch), never_sent);
    settle(*queue);
  }
  pump_all();
  core_->flush();
  deliver();
  start_sweeping();
}

void ProducerCore::do_close() {
  if (std::exchange(closed_, true)) return;
  wake_timer_.cancel();
  sweep_timer_.cancel();
  refresh_timer_.cancel();
  const Error error(Errc::closed, "the producer was closed, the outcome is unknown");
  for (const auto& waiter : buffer_.close()) waiter->accepted(Error(Errc::closed, "the producer was closed"));
  for (TopicQueue* topic : buffer_.topics()) {
    for (ParkedRecord& parked : buffer_.take_parked(*topic, Clock::time_point::max())) {
      failed_.push_back({std::move(parked), error});
    }
    for (const auto& queue : topic->partitions) {
      queue->window.fail_all(error);
      for (BatchPtr& batch : buffer_.take_all(*queue)) queue->window.push_failed(std::move(batch), error);
      while (BatchPtr batch = queue->window.take_done()) done_.push_back({queue->partition, std::move(batch)});
    }
  }
  deliver();
}

}  // namespace leat::client
