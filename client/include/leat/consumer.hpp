#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leat/async.hpp"
#include "leat/client.hpp"
#include "leat/record.hpp"

namespace leat {

namespace client {
class ConsumerCore;
}

/// Records that are there and cannot be read: their batch is damaged or not at the offset where it should be, compressed by a
/// codec that is not known here, or beyond decompressed_bytes_max.
struct UnreadableRecords {
  std::string topic;
  PartitionId partition;
  Offset offset;       ///< the first of them
  Offset next_offset;  ///< where the partition goes on behind them
  Error error;
};

/// What to do about them.
enum class OnUnreadable : std::uint8_t {
  stop,  ///< the partition ends with their error
  skip,  ///< it goes on behind them
};

struct ConsumerOptions {
  /// Bytes that the broker may send ahead of next(), over all partitions. A partition gets an equal share, but never less than
  /// 64 KiB.
  std::size_t credit_bytes_max = 16 << 20;
  /// The most bytes that one compressed record batch may decompress to.
  std::size_t decompressed_bytes_max = 64 << 20;
  /// Asked about records that cannot be read; without it the answer is `stop`. Skipping loses them: note next_offset - offset.
  /// Having stopped, subscribe(topic, StartPosition::at(next_offset), {partition}) goes on. Called by the thread that takes (in
  /// next(); for async_next the client's), without any lock; must not throw, or use the Consumer.
  std::function<OnUnreadable(const UnreadableRecords&)> on_unreadable;
};

/// Where a subscription begins.
struct StartPosition {
  enum class Kind { earliest, latest, offset, timestamp };

  Kind kind = Kind::earliest;
  std::int64_t value = 0;

  static StartPosition earliest() { return {Kind::earliest, 0}; }
  static StartPosition latest() { return {Kind::latest, 0}; }  ///< only records published after the subscription completes
  static StartPosition at(Offset offset) { return {Kind::offset, offset.value()}; }
  /// The first record at or after the time; the end when there is none.
  static StartPosition at_time(TimestampMs timestamp) { return {Kind::timestamp, timestamp}; }
};

/// Receives records: each partition's in order, the partitions taking turns. The broker pushes, at most as many bytes ahead as
/// there is credit; credit goes back as batches are taken, so a consumer that stops calling next() costs bounded memory here and
/// none there. After a lost connection it goes on behind the last record received, without loss or repetition.
///
/// Threads: every function from any thread, at the same time; two threads in next() get different batches, so use one thread
/// where the order of a partition matters. The blocking functions not on the client's own thread.
///
/// Failure: what ends one partition (Errc::offset_out_of_range when its records were deleted, unknown_topic when the topic
/// was, corrupt_batch, invalid_batch or batch_too_large when they cannot be read) is returned by next() once, behind the records
/// received before, naming topic and partition; the others go on. It is not followed any more, and may be subscribed to again.
/// Errc::closed after close(). A lost connection is no failure: next() waits for the next one.
///
/// Nothing about a consumer is stored at the broker: who wants to go on after a restart keeps position(), best together with what
/// was made of the records.
class Consumer {
 public:
  explicit Consumer(Client& client, const ConsumerOptions& options = {});
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Begins to follow a topic: the given partitions, or all it has now (those added later are subscribed to by another call).
  /// Completes when the broker has accepted all of them, or fails and follows none: unknown_topic, unknown_partition,
  /// offset_out_of_range, limit_reached (the broker's subscriptions a connection), timed_out after the client's request_timeout.
  /// A partition that is followed already is refused with invalid_argument.
  Result<void> subscribe(std::string_view topic, StartPosition from = {}, std::vector<PartitionId> partitions = {});
  template <CompletionToken<void> Token>
  auto async_subscribe(std::string_view topic, StartPosition from, std::vector<PartitionId> partitions, Token&& token) {
    return initiate<void>(core_, std::forward<Token>(token), &Consumer::start_subscribe, std::string(topic), from,
                          std::move(partitions));
  }
  template <CompletionToken<void> Token>
  auto async_subscribe(std::string_view topic, StartPosition from, Token&& token) {
    return async_subscribe(topic, from, std::vector<PartitionId>{}, std::forward<Token>(token));
  }

  /// The next records of some partition, at least one; waits until there are any. Cancelling loses nothing.
  Result<RecordBatch> next();
  template <CompletionToken<RecordBatch> Token>
  auto async_next(Token&& token) {
    return initiate<RecordBatch>(core_, std::forward<Token>(token), &Consumer::start_next);
  }
  /// The same, for at most `timeout`: then Errc::timed_out, and nothing is lost.
  Result<RecordBatch> next_for(std::chrono::milliseconds timeout);

  /// The offset behind the last record that next() has returned; where the subscription began when it has returned none.
  /// nullopt for a partition that is not followed.
  [[nodiscard]] std::optional<Offset> position(std::string_view topic, PartitionId partition) const;

  /// Stops following a topic at once and drops what was received of it and not taken.
  void unsubscribe(std::string_view topic);
  /// Stops everything; next() returns Errc::closed, also where it waits.
  void close();

 private:
  static void start_subscribe(client::ConsumerCore& core, std::string topic, StartPosition from,
                              std::vector<PartitionId> partitions, Handler<void> handler);
  static void start_next(client::ConsumerCore& core, Handler<RecordBatch> handler);

  std::shared_ptr<client::ConsumerCore> core_;
};

}  // namespace leat
