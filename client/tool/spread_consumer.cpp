#include "client/tool/spread_consumer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace leat::tool {

/// What the connections' consumers have brought, at most one batch of each: the next is asked for when that has been taken.
struct SpreadConsumer::Arrivals {
  struct Arrival {
    std::size_t part;
    Result<RecordBatch> batch;
  };
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false;
  bool closed = false;
  std::deque<Arrival> waiting;
};

SpreadConsumer::SpreadConsumer(Client& first, ClientOptions options)
    : options_(std::move(options)), arrivals_(std::make_shared<Arrivals>()) {
  parts_.push_back({nullptr, std::make_unique<Consumer>(first)});
}

SpreadConsumer::~SpreadConsumer() = default;

Result<void> SpreadConsumer::subscribe(const std::string& topic, Offset from, PartitionId partition) {
  const auto at = StartPosition::at(from);
  auto subscribed = parts_.back().consumer->subscribe(topic, at, {partition});
  if (subscribed.has_value() || subscribed.error().code != Errc::limit_reached) return subscribed;
  auto client = std::make_unique<Client>(options_);
  LEAT_TRY(client->connect());
  auto consumer = std::make_unique<Consumer>(*client);
  LEAT_TRY(consumer->subscribe(topic, at, {partition}));
  const std::lock_guard lock(arrivals_->mutex);
  parts_.push_back({std::move(client), std::move(consumer)});
  return ok();
}

Result<RecordBatch> SpreadConsumer::next() {
  if (parts_.size() == 1) return parts_.front().consumer->next();
  begin();
  std::unique_lock lock(arrivals_->mutex);
  arrivals_->changed.wait(lock, [&] { return arrivals_->closed || !arrivals_->waiting.empty(); });
  if (arrivals_->closed) return Error(Errc::closed);
  auto arrival = std::move(arrivals_->waiting.front());
  arrivals_->waiting.pop_front();
  lock.unlock();
  take_from(arrival.part);
  return std::move(arrival.batch);
}

std::optional<Result<RecordBatch>> SpreadConsumer::try_next() {
  if (parts_.size() == 1) {
    auto batch = parts_.front().consumer->next_for(std::chrono::milliseconds(0));
    if (batch.has_error() && batch.error().code == Errc::timed_out) return std::nullopt;
    return batch;
  }
  begin();
  {
    const std::lock_guard lock(arrivals_->mutex);
    if (!arrivals_->closed && arrivals_->waiting.empty()) return std::nullopt;
  }
  return next();
}

void SpreadConsumer::begin() {
  {
    const std::lock_guard lock(arrivals_->mutex);
    if (std::exchange(arrivals_->begun, true)) return;
  }
  for (std::size_t part = 0; part < parts_.size(); ++part) take_from(part);
}

void SpreadConsumer::take_from(std::size_t part) {
  parts_[part].consumer->async_next([arrivals = arrivals_, part](Result<RecordBatch> batch) {
    const std::lock_guard lock(arrivals->mutex);
    arrivals->waiting.push_back({part, std::move(batch)});
    arrivals->changed.notify_one();
  });
}

void SpreadConsumer::close() {
  const std::lock_guard lock(arrivals_->mutex);
  arrivals_->closed = true;
  arrivals_->changed.notify_all();
  for (const Part& part : parts_) part.consumer->close();
}

}  // namespace leat::tool
