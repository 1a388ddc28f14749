#include "client/src/record_buffer.hpp"

#include <algorithm>

#include "client/src/topic_routes.hpp"
#include "protocol/base/assert.hpp"
#include "protocol/base/random.hpp"

namespace leat::client {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

Error closed_error() { return Error(Errc::closed, "the producer was closed"); }

}  // namespace

RecordBuffer::RecordBuffer(const ProducerOptions& options, UniqueFunction<void()> wake)
    : options_(options),
      wake_(std::move(wake)),
      spare_max_(std::clamp<std::size_t>(options.buffer_bytes_max / std::max<std::size_t>(options.batch_bytes_max, 1), 4, 1024)) {
}

Result<void> RecordBuffer::check(std::size_t cost) const {
  if (closed_) return closed_error();
  if (cost > options_.buffer_bytes_max) {
    return Error(Errc::batch_too_large,
                 "a record of " + std::to_string(cost) + " bytes in a buffer of " + std::to_string(options_.buffer_bytes_max));
  }
  return ok();
}

Result<void> RecordBuffer::try_accept(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback) {
  const std::size_t cost = cost_bytes(record);
  std::unique_lock lock(mutex_);
  LEAT_TRY(check(cost));
  if (!waiters_.empty() || !has_room(cost)) return Error(Errc::would_block);
  auto accepted = accept(topic, record, std::move(callback), cost);
  const bool wake = take_wake();
  lock.unlock();
  call_wake(wake);
  return accepted;
}

Result<void> RecordBuffer::accept_blocking(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback) {
  const std::size_t cost = cost_bytes(record);
  std::unique_lock lock(mutex_);
  for (;;) {
    LEAT_TRY(check(cost));
    if (waiters_.empty() && has_room(cost)) break;
    blocked_ = true;
    room_.wait(lock);
  }
  auto accepted = accept(topic, record, std::move(callback), cost);
  const bool wake = take_wake();
  lock.unlock();
  call_wake(wake);
  return accepted;
}

void RecordBuffer::accept_when_room(std::shared_ptr<RoomWaiter> waiter) {
  const std::size_t cost = cost_bytes(waiter->record->view());
  std::unique_lock lock(mutex_);
  Result<void> accepted = check(cost);
  if (accepted.has_value()) {
    if (!waiters_.empty() || !has_room(cost)) return waiters_.push_back(std::move(waiter));
    accepted = accept(waiter->record->topic(), waiter->record->view(), std::move(waiter->callback), cost);
  }
  const bool wake = take_wake();
  lock.unlock();
  call_wake(wake);
  waiter->accepted(std::move(accepted));
}

std::shared_ptr<RoomWaiter> RecordBuffer::withdraw(const std::shared_ptr<RoomWaiter>& waiter) {
  std::unique_lock lock(mutex_);
  const auto found = std::find(waiters_.begin(), waiters_.end(), waiter);
  if (found == waiters_.end()) return nullptr;
  waiters_.erase(found);
  let_in(std::move(lock));
  return waiter;
}

std::size_t RecordBuffer::buffered_bytes() const {
  const std::lock_guard lock(mutex_);
  return buffered_bytes_;
}

Result<void> RecordBuffer::accept(std::string_view topic_name, const OutgoingRecord& record, DeliveryCallback callback,
                                  std::size_t cost) {
  LEAT_TRY(check_topic_name(topic_name));
  TopicQueue& topic = topic_named(topic_name);
  if (topic.resolved) {
    LEAT_TRY(place(topic, record, callback, cost, std::nullopt));
  } else {
    park(topic, record, std::move(callback), cost);
  }
  if (buffered_bytes_ == 0) want_wake();  // from now on something can expire
  buffered_bytes_ += cost;
  return ok();
}

TopicQueue& RecordBuffer::topic_named(std::string_view name) {
  if (last_topic_ != nullptr && last_topic_->name == name) return *last_topic_;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    found = topics_
                .emplace(std::string(name), std::make_unique<TopicQueue>(std::string(name), Backoff(options_.retry_backoff_min,
                                                                                                    options_.retry_backoff_max)))
                .first;
  }
  last_topic_ = found->second.get();
  return *last_topic_;
}

void RecordBuffer::park(TopicQueue& topic, const OutgoingRecord& record, DeliveryCallback callback, std::size_t cost) {
  topic.parked.push_back(
      {OwnedRecord::copy(topic.name, record), std::move(callback), cost, std::chrono::steady_clock::now(), {}});
  ask_again(topic);
}

void RecordBuffer::ask_again(TopicQueue& topic) {
  if (std::exchange(topic.lookup_listed, true)) return;
  work_.lookups.push_back(&topic);
  want_wake();
}

Result<PartitionQueue*> RecordBuffer::choose(TopicQueue& topic, const OutgoingRecord& record) {
  std::size_t index = topic.sticky;
  if (record.partition) {
    if (record.partition->value() < 0 || static_cast<std::size_t>(record.partition->value()) >= topic.partition_count) {
      ask_again(topic);
      return Error(Errc::unknown_partition, topic.name + "-" + std::to_string(record.partition->value()));
    }
    index = static_cast<std::size_t>(record.partition->value());
  } else if (record.key) {
    index = static_cast<std::size_t>(partition_for_key(*record.key, static_cast<std::int32_t>(topic.partition_count)).value());
  }
  return topic.partitions[index].get();
}

Result<OutgoingBatch*> RecordBuffer::place(TopicQueue& topic, const OutgoingRecord& record, DeliveryCallback& callback,
                                           std::size_t cost, std::optional<TimePoint> accepted_at) {
  const TimestampMs timestamp = record.timestamp ? *record.timestamp : now_ms();
  for (;;) {
    LEAT_ASSIGN(PartitionQueue * queue, choose(topic, record));
    const bool opened = !queue->open;
    if (opened) open_batch(*queue, accepted_at ? *accepted_at : std::chrono::steady_clock::now());
    OutgoingBatch& batch = *queue->open;
    if (batch.builder.append(timestamp, record.key, record.value, record.headers)) {
      if (is_too_large(topic, batch)) {
        const std::string bytes = std::to_string(batch.builder.size_bytes());
        drop_open(*queue);
        ask_again(topic);
        return Error(Errc::batch_too_large, "a record that takes a batch of " + bytes + " bytes, and " + topic.name +
                                                " takes at most " + std::to_string(topic.batch_bytes_max) +
                                                " (max.message.bytes)");
      }
      if (callback) batch.deliveries.push_back({batch.builder.record_count() - 1, timestamp, std::move(callback)});
      batch.cost_bytes += cost;
      // A batch that lingers is the timer's business until it is full; the sender has to hear of it once, to set the timer.
      if (options_.linger.count() == 0 || opened || !queue->closed.empty()) list(*queue);
      return &batch;
    }
    if (batch.builder.empty()) {
      drop_open(*queue);
      return Error(Errc::batch_too_large, "a record beyond 2 GiB");
    }
    close_open(*queue);
    list(*queue);
  }
}

void RecordBuffer::open_batch(PartitionQueue& queue, TimePoint at) {
  if (spare_.empty()) {
    queue.open = std::make_shared<OutgoingBatch>(record::BuilderOptions{options_.codec, options_.batch_bytes_max});
  } else {
    queue.open = std::move(spare_.back());
    spare_.pop_back();
  }
  queue.open->opened_at = at;
  queue.open->builder.set_bytes_max(std::min(options_.batch_bytes_max, queue.topic.batch_bytes_max));
}

/// What compression will make of a record is not known yet: then the broker says whether it fits.
bool RecordBuffer::is_too_large(const TopicQueue& topic, const OutgoingBatch& batch) const {
  return options_.codec == Codec::none && batch.builder.record_count() == 1 && batch.builder.size_bytes() > topic.batch_bytes_max;
}

void RecordBuffer::drop_open(PartitionQueue& queue) {
  queue.open->reset();
  spare_.push_back(std::exchange(queue.open, nullptr));
}

/// Records without a key change to another partition with every batch.
void RecordBuffer::close_open(PartitionQueue& queue) {
  queue.closed.push_back(std::move(queue.open));
  queue.open = nullptr;
  TopicQueue& topic = queue.topic;
  if (static_cast<std::size_t>(queue.partition.value()) == topic.sticky)
    topic.sticky = (topic.sticky + 1) % topic.partition_count;
}

void RecordBuffer::list(PartitionQueue& queue) {
  const bool is_wanted = queue.wants == PartitionQueue::Wants::records ||
                         (queue.wants == PartitionQueue::Wants::full_batches && !queue.closed.empty());
  if (!is_wanted || std::exchange(queue.listed, true)) return;
  work_.partitions.push_back(&queue);
  want_wake();
}

void RecordBuffer::want_wake() {
  if (!std::exchange(wake_pending_, true)) wake_wanted_ = true;
}

RecordBuffer::Work RecordBuffer::take_work() {
  const std::lock_guard lock(mutex_);
  wake_pending_ = false;
  for (PartitionQueue* queue : work_.partitions) queue->listed = false;
  for (TopicQueue* topic : work_.lookups) topic->lookup_listed = false;
  return std::exchange(work_, {});
}

std::vector<PartitionQueue*> RecordBuffer::partitions() const {
  const std::lock_guard lock(mutex_);
  std::vector<PartitionQueue*> all;
  for (const auto& [name, topic] : topics_) {
    for (const auto& queue : topic->partitions) all.push_back(queue.get());
  }
  return all;
}

std::vector<TopicQueue*> RecordBuffer::topics() const {
  const std::lock_guard lock(mutex_);
  std::vector<TopicQueue*> all;
  for (const auto& [name, topic] : topics_) all.push_back(topic.get());
  return all;
}

RecordBuffer::Taken RecordBuffer::take_due(PartitionQueue& queue, TimePoint now, bool full_only) {
  const std::lock_guard lock(mutex_);
  Taken taken;
  if (!full_only && queue.closed.empty() && queue.open && !queue.open->builder.empty()) {
    const TimePoint due_at = queue.open->opened_at + options_.linger;
    if (options_.linger.count() == 0 || due_at <= now) {
      close_open(queue);
    } else {
      taken.due_at = due_at;
    }
  }
  using Wants = PartitionQueue::Wants;
  if (queue.closed.empty()) {
    queue.wants = full_only ? Wants::full_batches : Wants::records;
    return taken;
  }
  queue.wants = Wants::nothing;
  taken.batch = std::move(queue.closed.front());
  queue.closed.pop_front();
  return taken;
}

void RecordBuffer::pause(PartitionQueue& queue) {
  const std::lock_guard lock(mutex_);
  queue.wants = PartitionQueue::Wants::nothing;
}

void RecordBuffer::resume(PartitionQueue& queue) {
  const std::lock_guard lock(mutex_);
  queue.wants = PartitionQueue::Wants::records;
}

std::vector<BatchPtr> RecordBuffer::take_all(PartitionQueue& queue) { return take_expired(queue, TimePoint::max()); }

std::vector<BatchPtr> RecordBuffer::take_expired(PartitionQueue& queue, TimePoint opened_before) {
  const std::lock_guard lock(mutex_);
  std::vector<BatchPtr> taken;
  while (!queue.closed.empty() && queue.closed.front()->opened_at <= opened_before) {
    taken.push_back(std::move(queue.closed.front()));
    queue.closed.pop_front();
  }
  if (queue.closed.empty() && queue.open && queue.open->opened_at <= opened_before) {
    close_open(queue);
    taken.push_back(std::move(queue.closed.back()));
    queue.closed.pop_back();
  }
  return taken;
}

void RecordBuffer::close_older(PartitionQueue& queue, TimePoint opened_before) {
  const std::lock_guard lock(mutex_);
  if (queue.open && queue.open->opened_at <= opened_before && !queue.open->builder.empty()) close_open(queue);
}

std::deque<ParkedRecord> RecordBuffer::take_parked(TopicQueue& topic, TimePoint accepted_before) {
  const std::lock_guard lock(mutex_);
  std::deque<ParkedRecord> taken;
  while (!topic.parked.empty() && topic.parked.front().accepted_at <= accepted_before) {
    taken.push_back(std::move(topic.parked.front()));
    topic.parked.pop_front();
  }
  return taken;
}

void RecordBuffer::flush(const std::shared_ptr<FlushBarrier>& barrier) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, topic] : topics_) {
    for (ParkedRecord& parked : topic->parked) parked.barriers.push_back(barrier);
    for (const auto& queue : topic->partitions) {
      if (queue->open && !queue->open->builder.empty()) close_open(*queue);
      for (const BatchPtr& batch : queue->closed) batch->barriers.push_back(barrier);
    }
  }
}

std::vector<RecordBuffer::Misplaced> RecordBuffer::resolve(TopicQueue& topic, std::size_t partitions,
                                                           std::size_t batch_bytes_max) {
  LEAT_ASSERT(partitions > 0);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = topic.partitions.size(); i < partitions; ++i) {
    topic.partitions.push_back(std::make_unique<PartitionQueue>(topic, PartitionId(static_cast<std::int32_t>(i)),
                                                                options_.in_flight_batches_max,
                                                                Backoff(options_.retry_backoff_min, options_.retry_backoff_max)));
  }
  if (!topic.resolved) topic.sticky = SystemRandom().next() % partitions;
  topic.partition_count = partitions;
  topic.sticky %= partitions;
  topic.batch_bytes_max = batch_bytes_max;
  topic.resolved = true;

  std::vector<Misplaced> misplaced;
  for (ParkedRecord& parked : std::exchange(topic.parked, {})) {
    auto placed = place(topic, parked.record->view(), parked.callback, parked.cost_bytes, parked.accepted_at);
    if (placed.has_error()) {
      misplaced.push_back({std::move(parked), std::move(placed).error()});
    } else {
      for (const auto& barrier : parked.barriers) (*placed)->hold(barrier);
    }
  }
  for (const auto& queue : topic.partitions) {
    if (queue->open && !queue->open->barriers.empty()) close_open(*queue);  // flushed already, so it does not linger
  }
  return misplaced;
}

void RecordBuffer::unresolve(TopicQueue& topic) {
  const std::lock_guard lock(mutex_);
  topic.resolved = false;
  if (!topic.partitions.empty() || !topic.parked.empty() || topic.lookup_listed) return;
  last_topic_ = nullptr;
  topics_.erase(topics_.find(topic.name));
}

void RecordBuffer::release(std::size_t cost_bytes_released) {
  std::unique_lock lock(mutex_);
  LEAT_ASSERT(buffered_bytes_ >= cost_bytes_released);
  buffered_bytes_ -= cost_bytes_released;
  let_in(std::move(lock));
}

void RecordBuffer::let_in(std::unique_lock<std::mutex> lock) {
  std::vector<std::pair<std::shared_ptr<RoomWaiter>, Result<void>>> let_in;
  while (!waiters_.empty()) {
    RoomWaiter& waiter = *waiters_.front();
    const std::size_t cost = cost_bytes(waiter.record->view());
    if (!has_room(cost)) break;
    auto accepted = accept(waiter.record->topic(), waiter.record->view(), std::move(waiter.callback), cost);
    let_in.emplace_back(std::move(waiters_.front()), std::move(accepted));
    waiters_.pop_front();
  }
  const bool wake = take_wake();
  if (std::exchange(blocked_, false)) room_.notify_all();
  lock.unlock();
  call_wake(wake);
  for (auto& [waiter, accepted] : let_in) waiter->accepted(std::move(accepted));
}

void RecordBuffer::recycle(BatchPtr batch) {
  if (batch.use_count() > 1) return;  // a write still holds its bytes
  batch->reset();
  const std::lock_guard lock(mutex_);
  if (spare_.size() < spare_max_) spare_.push_back(std::move(batch));
}

std::deque<std::shared_ptr<RoomWaiter>> RecordBuffer::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  room_.notify_all();
  return std::exchange(waiters_, {});
}

}  // namespace leat::client
