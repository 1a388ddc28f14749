#include "client/src/receive_buffer.hpp"

#include <algorithm>

#include "protocol/base/assert.hpp"

namespace leat::client {
namespace {

constexpr std::int64_t kWindowBytesMin = 64 << 10;
constexpr std::int64_t kWindowBytesMax = std::int64_t{1} << 30;
/// Credit goes back in parts of the window, rather than a frame for every batch. What is left keeps the broker sending.
constexpr std::int64_t kCreditParts = 4;

Error closed_error() { return Error(Errc::closed, "the consumer was closed"); }

}  // namespace

ReceiveBuffer::ReceiveBuffer(const ConsumerOptions& options, Events events)
    : credit_bytes_max_(options.credit_bytes_max),
      on_unreadable_(options.on_unreadable),
      events_(std::move(events)),
      decoder_(std::make_shared<BatchDecoder>(record::DecompressLimits{.output_bytes_max = options.decompressed_bytes_max})) {}

Result<RecordBatch> ReceiveBuffer::next(std::optional<std::chrono::steady_clock::time_point> deadline) {
  Lock lock(mutex_);
  for (;;) {
    if (auto taken = take(lock)) return *std::move(taken);
    if (closed_) return closed_error();
    if (!deadline) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, *deadline) == std::cv_status::timeout && ring_.empty()) {
      return Error(Errc::timed_out, "no records in time");
    }
  }
}

std::optional<Result<RecordBatch>> ReceiveBuffer::try_next() {
  Lock lock(mutex_);
  auto taken = take(lock);
  if (!taken && closed_) return closed_error();
  return taken;
}

std::optional<Result<RecordBatch>> ReceiveBuffer::take(Lock& lock) {
  while (!closed_ && !ring_.empty()) {
    const FeedPtr feed = std::move(ring_.front());
    ring_.pop_front();
    feed->queued = false;
    if (feed->removed) continue;
    if (feed->chunks.empty()) {
      Error error = *std::move(feed->ended);
      erase(feed);
      return error;
    }
    if (auto taken = take_from(feed, lock)) return taken;
  }
  return std::nullopt;
}

/// Nothing when the partition was unsubscribed meanwhile, or its records were all before the position or skipped.
std::optional<Result<RecordBatch>> ReceiveBuffer::take_from(const FeedPtr& feed, Lock& lock) {
  Chunk chunk = std::move(feed->chunks.front());
  feed->chunks.pop_front();
  feed->decoding = true;
  feed->decoding_bytes = chunk.bytes.size();
  const Offset from = *feed->position;
  lock.unlock();
  auto decoded = decoder_->decode(feed->topic, feed->partition, chunk, from);
  const bool stop = decoded.unreadable && !skips(*decoded.unreadable);
  lock.lock();
  feed->decoding = false;
  if (feed->removed || closed_) return std::nullopt;

  if (stop) {
    erase(feed);
    lock.unlock();
    events_.ended(feed);
    lock.lock();
    return std::move(decoded.unreadable->error);
  }
  feed->position = decoded.next_offset;
  if (decoded.consumed_bytes < chunk.bytes.size()) {
    chunk.bytes = chunk.bytes.slice(decoded.consumed_bytes, chunk.bytes.size() - decoded.consumed_bytes);
    feed->chunks.push_front(std::move(chunk));
  }
  const bool credit = account(*feed, decoded.consumed_bytes);
  enqueue(feed);
  const bool tell_ready = ready_wanted_ && !ring_.empty();
  lock.unlock();
  if (credit) events_.credit(feed);
  if (tell_ready) events_.ready();
  lock.lock();
  if (!decoded.content || decoded.content->records.empty()) return std::nullopt;
  return RecordBatch(std::move(decoded.content));
}

bool ReceiveBuffer::account(Feed& feed, std::size_t taken_bytes) {
  feed.credit_bytes -= static_cast<std::int64_t>(taken_bytes);
  const std::int64_t window = window_bytes();
  const std::int64_t missing = window - feed.credit_bytes;
  if (missing < window / kCreditParts) return false;
  feed.credit_bytes += missing;
  feed.credit_due_bytes += static_cast<std::uint32_t>(missing);
  return true;
}

std::int64_t ReceiveBuffer::window_bytes() const {
  const std::size_t share = credit_bytes_max_ / std::max<std::size_t>(feeds_.size(), 1);
  return std::clamp(static_cast<std::int64_t>(share), kWindowBytesMin, kWindowBytesMax);
}

/// Puts a partition that has something behind the others that have.
void ReceiveBuffer::enqueue(const FeedPtr& feed) {
  if (feed->queued || feed->decoding || feed->removed || !feed->active) return;
  if (feed->chunks.empty() && !feed->ended) return;
  feed->queued = true;
  ring_.push_back(feed);
  changed_.notify_one();
}

void ReceiveBuffer::await_ready(bool wanted) {
  const std::lock_guard lock(mutex_);
  ready_wanted_ = wanted;
}

std::optional<Offset> ReceiveBuffer::position(std::string_view topic, PartitionId partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = feeds_.find(Key(topic, partition.value()));
  if (found == feeds_.end() || !found->second->active) return std::nullopt;
  return found->second->position;
}

void ReceiveBuffer::erase(const FeedPtr& feed) {
  feed->removed = true;
  feed->chunks.clear();
  feeds_.erase(Key(feed->topic, feed->partition.value()));
}

std::vector<FeedPtr> ReceiveBuffer::remove_topic(std::string_view topic) {
  const std::lock_guard lock(mutex_);
  std::vector<FeedPtr> removed;
  for (const auto& [key, feed] : feeds_) {
    if (key.first == topic && feed->active) removed.push_back(feed);
  }
  for (const FeedPtr& feed : removed) erase(feed);
  return removed;
}

void ReceiveBuffer::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& [key, feed] : feeds_) {
    feed->removed = true;
    feed->chunks.clear();
  }
  feeds_.clear();
  ring_.clear();
  changed_.notify_all();
}

bool ReceiveBuffer::add(const FeedPtr& feed) {
  const std::lock_guard lock(mutex_);
  return !closed_ && feeds_.emplace(Key(feed->topic, feed->partition.value()), feed).second;
}

void ReceiveBuffer::remove(const FeedPtr& feed) {
  const std::lock_guard lock(mutex_);
  if (!feed->removed) erase(feed);
}

void ReceiveBuffer::begin_at(const FeedPtr& feed, Offset offset) {
  const std::lock_guard lock(mutex_);
  feed->position = offset;
}

void ReceiveBuffer::activate(const std::vector<FeedPtr>& feeds) {
  const std::lock_guard lock(mutex_);
  for (const FeedPtr& feed : feeds) {
    feed->active = true;
    enqueue(feed);
  }
}

void ReceiveBuffer::push(const FeedPtr& feed, Chunk chunk) {
  const std::lock_guard lock(mutex_);
  if (feed->removed) return;
  feed->chunks.push_back(std::move(chunk));
  enqueue(feed);
}

void ReceiveBuffer::end(const FeedPtr& feed, Error error) {
  const std::lock_guard lock(mutex_);
  if (feed->removed) return;
  feed->ended = std::move(error);
  enqueue(feed);
}

std::uint32_t ReceiveBuffer::restart_credit(Feed& feed) {
  const std::lock_guard lock(mutex_);
  std::int64_t here = feed.decoding ? static_cast<std::int64_t>(feed.decoding_bytes) : 0;
  for (const Chunk& chunk : feed.chunks) here += static_cast<std::int64_t>(chunk.bytes.size());
  const std::int64_t granted = std::max<std::int64_t>(window_bytes() - here, 0);
  feed.credit_bytes = here + granted;
  feed.credit_due_bytes = 0;
  return static_cast<std::uint32_t>(granted);
}

std::uint32_t ReceiveBuffer::take_credit(Feed& feed) {
  const std::lock_guard lock(mutex_);
  return std::exchange(feed.credit_due_bytes, 0);
}

}  // namespace leat::client
