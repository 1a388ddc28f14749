#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/src/batch_decoder.hpp"
#include "client/src/feed.hpp"
#include "leat/consumer.hpp"

namespace leat::client {

/// The half of a consumer that its users' threads touch: what was received and not taken, a queue a partition; who may take next;
/// and the accounts of credit. Records are decoded by who takes them, without the lock. Any thread, unless it says otherwise.
class ReceiveBuffer {
 public:
  /// Called without the lock, from any thread.
  struct Events {
    UniqueFunction<void()> ready;          ///< there is something to take, and somebody waits with await_ready()
    UniqueFunction<void(FeedPtr)> credit;  ///< take_credit() has something
    UniqueFunction<void(FeedPtr)> ended;   ///< it was removed as its records cannot be read
  };

  ReceiveBuffer(const ConsumerOptions& options, Events events);

  Result<RecordBatch> next(std::optional<std::chrono::steady_clock::time_point> deadline);
  /// What there is to take, nullopt when there is nothing.
  std::optional<Result<RecordBatch>> try_next();
  /// Whether Events::ready is wanted.
  void await_ready(bool wanted);
  [[nodiscard]] std::optional<Offset> position(std::string_view topic, PartitionId partition) const;
  std::vector<FeedPtr> remove_topic(std::string_view topic);
  void close();

  // The core's executor.
  /// False when the partition is followed already.
  bool add(const FeedPtr& feed);
  void remove(const FeedPtr& feed);
  void begin_at(const FeedPtr& feed, Offset offset);
  void activate(const std::vector<FeedPtr>& feeds);
  void push(const FeedPtr& feed, Chunk chunk);
  void end(const FeedPtr& feed, Error error);
  /// The credit of a new subscription: the window without what is still here of the one before.
  std::uint32_t restart_credit(Feed& feed);
  std::uint32_t take_credit(Feed& feed);

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Key = std::pair<std::string, std::int32_t>;

  std::optional<Result<RecordBatch>> take(Lock& lock);
  std::optional<Result<RecordBatch>> take_from(const FeedPtr& feed, Lock& lock);
  /// Whether the application would rather go on behind them.
  [[nodiscard]] bool skips(const UnreadableRecords& unreadable) const {
    return on_unreadable_ && on_unreadable_(unreadable) == OnUnreadable::skip;
  }
  bool account(Feed& feed, std::size_t taken_bytes);
  void enqueue(const FeedPtr& feed);
  void erase(const FeedPtr& feed);
  [[nodiscard]] std::int64_t window_bytes() const;

  const std::size_t credit_bytes_max_;
  const std::function<OnUnreadable(const UnreadableRecords&)> on_unreadable_;
  Events events_;
  std::shared_ptr<BatchDecoder> decoder_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool ready_wanted_ = false;
  std::map<Key, FeedPtr> feeds_;
  std::deque<FeedPtr> ring_;  ///< those that have something, in turn
};

}  // namespace leat::client
