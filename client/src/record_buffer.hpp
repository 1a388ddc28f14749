#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/src/outgoing_batch.hpp"
#include "client/src/partition_queue.hpp"
#include "leat/producer.hpp"

namespace leat::client {

/// Someone who waits for room with a record in hand.
struct RoomWaiter {
  std::shared_ptr<const OwnedRecord> record;
  DeliveryCallback callback;
  UniqueFunction<void(Result<void>)> accepted;  ///< called once, without the lock
};

/// The half of a producer that its users' threads touch: takes records, chooses their partitions, encodes them into the
/// partitions' open batches and says when there is no room. One lock for all of it, held for a record's copy; the sender takes
/// batches out.
class RecordBuffer {
 public:
  /// `wake` has the sender call take_work(); it is called without the lock.
  RecordBuffer(const ProducerOptions& options, UniqueFunction<void()> wake);

  // Any thread.
  Result<void> try_accept(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback);
  Result<void> accept_blocking(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback);
  void accept_when_room(std::shared_ptr<RoomWaiter> waiter);
  /// The waiter if it still waits: then it is the caller's.
  std::shared_ptr<RoomWaiter> withdraw(const std::shared_ptr<RoomWaiter>& waiter);
  [[nodiscard]] std::size_t buffered_bytes() const;

  // The sender, on the core's executor.
  struct Work {
    std::vector<PartitionQueue*> partitions;
    std::vector<TopicQueue*> lookups;
  };
  Work take_work();
  [[nodiscard]] std::vector<PartitionQueue*> partitions() const;
  [[nodiscard]] std::vector<TopicQueue*> topics() const;

  struct Taken {
    BatchPtr batch;                                               ///< null: nothing is due
    std::optional<std::chrono::steady_clock::time_point> due_at;  ///< then an open batch will be
  };
  /// The next batch of the partition that is to be sent, of full ones only if that is wanted. When there is none the sender will
  /// be woken for the next record, or the next full batch.
  Taken take_due(PartitionQueue& queue, std::chrono::steady_clock::time_point now, bool full_only);
  /// The sender cannot send for this partition: no wakes until it asks again.
  void pause(PartitionQueue& queue);
  /// The next record is reported as work again.
  void resume(PartitionQueue& queue);
  /// Everything that waits for the partition, without regard to linger.
  std::vector<BatchPtr> take_all(PartitionQueue& queue);
  std::vector<BatchPtr> take_expired(PartitionQueue& queue, std::chrono::steady_clock::time_point opened_before);
  /// Closes an open batch that is older, so that its last record does not expire much too early with its first.
  void close_older(PartitionQueue& queue, std::chrono::steady_clock::time_point opened_before);
  std::deque<ParkedRecord> take_parked(TopicQueue& topic, std::chrono::steady_clock::time_point accepted_before);
  /// Closes open batches, so that they are due, and has each outstanding one that was not taken hold the barrier, and each parked
  /// record.
  void flush(const std::shared_ptr<FlushBarrier>& barrier);

  struct Misplaced {
    ParkedRecord parked;
    Error error;
  };
  /// How many partitions a topic has and how large its batches may be: its parked records find their places. Returns those that
  /// cannot, with why.
  std::vector<Misplaced> resolve(TopicQueue& topic, std::size_t partitions, std::size_t batch_bytes_max);
  /// The topic is not there: its next record has it looked up again. The queue itself may be gone afterwards.
  void unresolve(TopicQueue& topic);

  /// So much is not buffered any more; lets in who waits for room.
  void release(std::size_t cost_bytes);
  void recycle(BatchPtr batch);
  /// Accepts nothing any more; returns who waits.
  std::deque<std::shared_ptr<RoomWaiter>> close();

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };

  [[nodiscard]] bool has_room(std::size_t cost) const { return buffered_bytes_ + cost <= options_.buffer_bytes_max; }
  Result<void> check(std::size_t cost) const;
  Result<void> accept(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback, std::size_t cost);
  void park(TopicQueue& topic, const OutgoingRecord& record, DeliveryCallback callback, std::size_t cost);
  TopicQueue& topic_named(std::string_view name);
  Result<PartitionQueue*> choose(TopicQueue& topic, const OutgoingRecord& record);
  /// The batch that the record is in.
  Result<OutgoingBatch*> place(TopicQueue& topic, const OutgoingRecord& record, DeliveryCallback& callback, std::size_t cost,
                               std::optional<std::chrono::steady_clock::time_point> accepted_at);
  /// What is known of the topic may be old: the next time it is asked about tells.
  void ask_again(TopicQueue& topic);
  void open_batch(PartitionQueue& queue, std::chrono::steady_clock::time_point at);
  void close_open(PartitionQueue& queue);
  /// Takes back an open batch that its first record is too large for.
  void drop_open(PartitionQueue& queue);
  [[nodiscard]] bool is_too_large(const TopicQueue& topic, const OutgoingBatch& batch) const;
  void list(PartitionQueue& queue);
  /// Lets in who waits for room as far as there is some, and tells them when it has let go of the lock.
  void let_in(std::unique_lock<std::mutex> lock);
  void want_wake();
  [[nodiscard]] bool take_wake() { return std::exchange(wake_wanted_, false); }
  void call_wake(bool wanted) {
    if (wanted) wake_();
  }

  const ProducerOptions options_;
  UniqueFunction<void()> wake_;
  const std::size_t spare_max_;

  mutable std::mutex mutex_;
  std::condition_variable room_;
  bool closed_ = false;
  bool wake_wanted_ = false;   ///< whoever holds the lock has to wake the sender when it is released
  bool wake_pending_ = false;  ///< the sender has been woken and has not come yet
  bool blocked_ = false;       ///< somebody may be in accept_blocking()
  std::size_t buffered_bytes_ = 0;
  std::unordered_map<std::string, std::unique_ptr<TopicQueue>, NameHash, std::equal_to<>> topics_;
  TopicQueue* last_topic_ = nullptr;
  Work work_;
  std::deque<std::shared_ptr<RoomWaiter>> waiters_;
  std::vector<BatchPtr> spare_;
};

}  // namespace leat::client
