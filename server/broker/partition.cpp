#include "server/broker/partition.hpp"

#include <algorithm>

#include "protocol/base/assert.hpp"
#include "server/broker/shard.hpp"

namespace leat::server {

using native::AckLevel;

namespace {

/// A smaller batch that has to wait is copied: it would hold the whole block that it was received in.
constexpr std::size_t kSharedWhileKeptBytesMin = 64U << 10;
constexpr std::size_t kReadersFirstMax = 4;

}  // namespace

Partition::Partition(native::TopicPartition id, std::shared_ptr<storage::PartitionLog> log, Shard& owner,
                     std::span<const std::unique_ptr<Shard>> shards)
    : id_(id),
      log_(std::move(log)),
      owner_(owner),
      shards_(shards),
      woken_for_(log_->high_watermark()),
      delivered_(shards.size()) {
  LEAT_ASSERT(shards.size() <= kShardsMax);
}

void Partition::publish(PublishRequest request) {
  LEAT_ASSERT(owner_.on_own_thread());
  if (failure_) {
    report(request.sink, {request.correlation, request.batch.size(), *failure_});
  } else if (!kept_.empty() || !try_append(request)) {
    // One that has to wait makes the later ones wait behind it, or they would overtake it.
    if (request.may_wait) {
      keep(std::move(request));
    } else {
      report(request.sink, {request.correlation, request.batch.size(), Error(Errc::overloaded)});
    }
  }
  send_reports();
}

void Partition::keep(PublishRequest request) {
  if (request.batch.size() < kSharedWhileKeptBytesMin) {
    const ByteSpan bytes = request.batch.span();
    request.batch = SharedBytes(std::vector<std::byte>(bytes.begin(), bytes.end()));
  }
  const bool first = kept_.empty();
  kept_.push_back(std::move(request));
  if (!first) return;
  owner_.add_stalled(shared_from_this());
  // There may have been room since, made by one who did not see yet that somebody waits for it.
  retry();
}

Partition::Retried Partition::retry() {
  LEAT_ASSERT(owner_.on_own_thread());
  Retried retried = Retried::nothing;
  while (!kept_.empty() && try_append(kept_.front())) {
    kept_.pop_front();
    retried = Retried::some;
  }
  send_reports();
  return kept_.empty() ? Retried::everything : retried;
}

bool Partition::try_append(PublishRequest& request) {
  const auto appended = log_->append(request.header, request.batch.span());
  if (appended.has_error()) {
    if (appended.error().code == Errc::would_block) return false;
    report(request.sink, {request.correlation, request.batch.size(), appended.error()});
    return true;
  }
  count_published(request, appended->duplicate);
  const bool until_written = request.ack == AckLevel::written;
  if ((until_written || !appended->journaled) && !appended->duplicate) owner_.write_soon(appended->journaled);
  Waiting waiting{appended->base_offset, appended->next_offset,   request.correlation, request.batch.size(),
                  appended->duplicate,   std::move(request.sink), request.received};
  if (request.ack == AckLevel::none) {
    owner_.metrics().observe_ack(AckLevel::none, waiting.received, std::chrono::steady_clock::now());
    report(waiting.sink, {waiting.correlation, waiting.batch_bytes,
                          native::PublishAck{waiting.correlation, waiting.base, level_of(waiting.end), waiting.duplicate}});
    return true;
  }
  // A repeated batch has an earlier end than those that wait already.
  auto& queue = until_written ? until_written_ : until_visible_;
  queue.insert(std::ranges::upper_bound(queue, waiting.end, {}, &Waiting::end), std::move(waiting));
  if (until_written) owner_.count_waiting_for_written(1);
  // It may have been written before anybody knew that this waits for it.
  if (until_written || appended->duplicate) settle_all();
  return true;
}

AckLevel Partition::level_of(Offset end) const {
  if (end <= log_->durable_end()) return AckLevel::durable;
  return end <= log_->written_end() ? AckLevel::written : AckLevel::none;
}

void Partition::count_published(const PublishRequest& request, bool duplicate) {
  if (duplicate) return owner_.metrics().duplicate_batches.add(1);
  published_.count(request.transport, static_cast<std::uint64_t>(request.header.record_count), request.batch.size());
}

void Partition::count_delivered(const Shard& shard, Transport transport, std::uint64_t records, std::uint64_t bytes) {
  delivered_.count(shard.number(), transport, records, bytes);
}

void Partition::settle(std::deque<Waiting>& waiting, Offset reached, AckLevel level) {
  if (waiting.empty() || waiting.front().end > reached) return;
  const auto now = std::chrono::steady_clock::now();
  while (!waiting.empty() && waiting.front().end <= reached) {
    const Waiting& first = waiting.front();
    owner_.metrics().observe_ack(level, first.received, now);
    report(first.sink, {first.correlation, first.batch_bytes,
                        native::PublishAck{first.correlation, first.base, level_of(first.end), first.duplicate}});
    waiting.pop_front();
  }
}

void Partition::settle_all() {
  const std::size_t waited = until_written_.size();
  settle(until_written_, std::max(log_->written_end(), log_->durable_end()), AckLevel::written);
  if (waited > 0) owner_.count_waiting_for_written(std::ssize(until_written_) - static_cast<std::ptrdiff_t>(waited));
  settle(until_visible_, log_->high_watermark(), AckLevel::durable);
}

void Partition::progress() {
  LEAT_ASSERT(owner_.on_own_thread());
  // Whoever is sent to first runs first. A few readers hold up the publisher less than it would them; a crowd does not.
  const std::size_t readers = owner_.watchers(*this);
  const bool readers_first = readers == 0 || (readers <= kReadersFirstMax && publishers_are_here());
  if (readers_first) wake_watchers();
  if (readers_first && readers > 0) owner_.defer_yield();
  settle_all();
  send_reports();
  if (!readers_first) wake_watchers();
}

/// One on another shard is answered by a message to it, which nothing here has to come before.
bool Partition::publishers_are_here() const {
  const auto is_here = [this](const Waiting& waiting) { return &waiting.sink->shard() == &owner_; };
  return std::ranges::all_of(until_written_, is_here) && std::ranges::all_of(until_visible_, is_here);
}

void Partition::abandon(const Error& error) {
  LEAT_ASSERT(owner_.on_own_thread());
  if (!failure_) failure_ = error;
  settle_all();
  owner_.count_waiting_for_written(-std::ssize(until_written_));
  for (auto* queue : {&until_written_, &until_visible_}) {
    for (const Waiting& waiting : *queue) report(waiting.sink, {waiting.correlation, waiting.batch_bytes, error});
    queue->clear();
  }
  for (const PublishRequest& request : kept_) report(request.sink, {request.correlation, request.batch.size(), error});
  kept_.clear();
  send_reports();
}

void Partition::retire() {
  gone_.store(true);
  abandon(Error(Errc::unknown_topic, "deleted"));
  for_interested_shards([this](Shard& shard) { shard.wake_watchers(*this); });
}

void Partition::report(const std::shared_ptr<PublishSink>& sink, PublishOutcome outcome) {
  if (outcome.ack.has_error()) owner_.metrics().count_publish_error(outcome.ack.error().code);
  if (sink != reporting_to_) send_reports();
  reporting_to_ = sink;
  reports_.push_back(std::move(outcome));
}

void Partition::send_reports() {
  if (reports_.empty()) return;
  std::vector<PublishOutcome> reports;
  reports.swap(reports_);
  const std::shared_ptr<PublishSink> sink = std::move(reporting_to_);
  reporting_to_ = nullptr;
  if (&sink->shard() == &owner_) return sink->on_published(reports);
  sink->shard().post([sink, reports = std::move(reports)] { sink->on_published(reports); });
}

void Partition::wake_watchers() {
  const Offset now = log_->high_watermark();
  if (now <= woken_for_) return;
  woken_for_ = now;
  for_interested_shards([this](Shard& shard) { shard.wake_watchers(*this); });
}

template <class Work>
void Partition::for_interested_shards(Work work) {
  const std::uint64_t interest = interest_.load();
  for (const auto& shard : shards_) {
    if ((interest & (std::uint64_t{1} << shard->number())) == 0) continue;
    if (shard.get() == &owner_) {
      work(owner_);
    } else {
      shard->post([self = shared_from_this(), &shard = *shard, work] { work(shard); });
    }
  }
}

}  // namespace leat::server
