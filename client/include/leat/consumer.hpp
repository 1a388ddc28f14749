#pragma once

#include <chrono>
#include <cstddef>
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

struct ConsumerOptions {
  /// What the broker may send ahead of next(), over all partitions. A partition gets an equal share, but never less than 64 KiB.
  std::size_t credit_bytes_max = 16 << 20;
  /// The most that one compressed record batch may decompress to.
  std::size_t decompressed_bytes_max = 64 << 20;
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
/// received before, naming topic and partition; the others go on. Errc::closed after close().
class Consumer {
 public:
  explicit Consumer(Client& client, ConsumerOptions options = {});
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Begins to follow a topic: the given partitions, or all it has now. Completes when the broker has accepted all of them, or
  /// fails and follows none. A partition that is followed already is refused with invalid_argument.
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

  /// The next records of some partition; waits until there are any. Cancelling loses nothing.
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
