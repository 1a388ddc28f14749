#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "leat/async.hpp"
#include "leat/client.hpp"
#include "leat/detail/unique_function.hpp"
#include "leat/record.hpp"

namespace leat {

namespace client {
class ProducerCore;
}

/// Every time counts from when the producer was told of the record; sizes are in bytes. Numbers out of range are brought within
/// it.
struct ProducerOptions {
  /// How far a record has to be before it is acknowledged. At `durable` it survives the death of the broker's machine, at
  /// `written` that of the broker, at `none` neither.
  AckLevel ack = AckLevel::durable;
  Codec codec = Codec::none;  ///< compresses each batch, on the client's thread
  /// A batch is closed before it grows beyond this (before compression), or beyond the topic's max.message.bytes, or the broker's
  /// largest frame, whatever is less. A larger record travels alone. Four of the default fill a group of the broker's journal.
  std::size_t batch_bytes_max = 240 << 10;
  /// How long a batch may wait for more records. 0 is natural batching: a batch leaves at once while fewer than five of its
  /// partition (or in_flight_batches_max) are unacknowledged, and gathers records while that many are.
  std::chrono::milliseconds linger{0};
  /// A partition's; 1 to 10, as the broker recognises a repetition among the last ten. Beyond five only full batches leave: so
  /// one journal group of large records is written while the next gathers, and small ones gather in fewer batches.
  int in_flight_batches_max = 10;
  std::size_t buffer_bytes_max = 32 << 20;  ///< records accepted and not yet acknowledged, over all topics
  /// From acceptance until a record is given up. It is noticed at most an eighth of it late (never more than a second), and
  /// records that share a batch are given up together, with the first.
  std::chrono::milliseconds delivery_timeout{120'000};
  /// Between the attempts to publish a batch that was refused for the moment, or to look up a topic: twice as long each time, up
  /// to the maximum, less a random part.
  std::chrono::milliseconds retry_backoff_min{20};
  std::chrono::milliseconds retry_backoff_max{1'000};
  /// How often the topics published to are asked for their partitions and limits, besides after every lost connection; 0: never.
  std::chrono::milliseconds topic_refresh_interval{300'000};
  /// Told why records wait: the broker refused some for the moment (storage_full, overloaded...), or the connection was lost. For
  /// logs, not for decisions: they are sent again whatever it does. Called on the client's executor, perhaps often, and
  /// perhaps once more after the Producer is destroyed; must not block or throw.
  std::function<void(const Error&)> on_retry;
};

/// Where a record went.
struct Delivery {
  PartitionId partition;
  Offset offset;
  TimestampMs timestamp = 0;
  AckLevel level = AckLevel::none;  ///< reached: at least what was asked for, but no more than `written` where durability=os
};

/// Told once about every record, on the client's executor, in order within a partition. It must not block or throw; it may call
/// try_send. Those of what a Producer's destruction or close() fails may be called after it has returned: what a callback refers
/// to has to outlive the Client (or be flushed for).
using DeliveryCallback = UniqueFunction<void(const Result<Delivery>&)>;

/// Publishes records: gathers them into batches a partition, and sends and repeats these such that nothing is stored twice or out
/// of order, whatever happens to the connection (an idempotent producer, always).
///
/// Two families of verbs. `send` accepts a record into the buffer and tells a callback later how it went; `publish` completes
/// when the record is acknowledged. Records of a partition are stored in the order of the calls.
///
/// Threads: every function from any thread, at the same time; the blocking ones (send, publish, flush) not on the client's own.
/// Memory is bounded by buffer_bytes_max (and the recycled batch buffers, at most as much again); when it is reached try_send
/// says Errc::would_block, the other verbs wait. What a record shows is copied before the call returns.
///
/// A record with a key goes to partition_for_key() of the partitions that the producer knows: when a topic is given more of them,
/// its keys move. The producer learns of that within topic_refresh_interval; a record for a partition that it does not know yet
/// is refused with unknown_partition, and has it ask at once.
///
/// Failure, as the callbacks get it. The record is not stored, unless the text says that the outcome is unknown:
/// - timed_out: delivery_timeout passed. With the outcome unknown when it was sent and not answered; "never sent" otherwise.
/// - storage_full, overloaded, shutting_down: the broker refused it until then. These are retried, and so is a lost connection.
/// - batch_too_large: the record alone is beyond the topic's max.message.bytes. A batch of several is split instead.
/// - unknown_topic, unknown_partition, storage_failed...: the broker refused it for good.
/// - out_of_order_sequence, producer_fenced, unknown_producer: it was sent, its acknowledgement was lost with the connection, and
///   the broker has forgotten this producer: the outcome is unknown. What was not sent before goes on under a new identity.
/// - closed: client or producer were closed first; the outcome is unknown.
/// After a failure of unknown outcome, publishing the record again may store it twice.
///
/// A record is as durable as Delivery::level says when publish() returns or its callback is called.
class Producer {
 public:
  explicit Producer(Client& client, const ProducerOptions& options = {});
  /// Does not wait: flush() first. What is unacknowledged fails with Errc::closed, its callbacks perhaps called after the
  /// destructor has returned; ~Client of a Client with its own thread waits for them.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Accepts the record or says at once why not: would_block (the buffer is full), batch_too_large (it could never fit into the
  /// buffer or, uncompressed, into a batch of its topic), unknown_partition, closed. The callback is only called for accepted
  /// records; those of a topic not used before are accepted before the topic is known. Never blocks.
  Result<void> try_send(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback = {});

  /// Waits for room, however long that takes, then accepts the record. Fails as try_send does, but for would_block.
  Result<void> send(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback = {});
  template <CompletionToken<void> Token>
  auto async_send(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback, Token&& token) {
    return initiate<void>(core_, std::forward<Token>(token), &Producer::start_send, own(topic, record), std::move(callback));
  }

  /// Waits for room, sends the record and waits until it is acknowledged. Cancelling gives up the wait for room; a record that
  /// was accepted is sent all the same.
  Result<Delivery> publish(std::string_view topic, const OutgoingRecord& record);
  template <CompletionToken<Delivery> Token>
  auto async_publish(std::string_view topic, const OutgoingRecord& record, Token&& token) {
    return initiate<Delivery>(core_, std::forward<Token>(token), &Producer::start_publish, own(topic, record));
  }

  /// Completes when every record accepted before has been acknowledged or has failed, and its callback has returned: within about
  /// delivery_timeout. It succeeds whatever became of them, and fails with closed only. Batches that linger are sent at once.
  Result<void> flush();
  template <CompletionToken<void> Token>
  auto async_flush(Token&& token) {
    return initiate<void>(core_, std::forward<Token>(token), &Producer::start_flush);
  }

  /// Bytes accepted and not yet acknowledged, as they count towards buffer_bytes_max.
  [[nodiscard]] std::size_t buffered_bytes() const;

  /// Fails what is unacknowledged with Errc::closed, and every later call.
  void close();

 private:
  struct OwnedRecord;
  using OwnedRecordPtr = std::shared_ptr<const OwnedRecord>;
  static OwnedRecordPtr own(std::string_view topic, const OutgoingRecord& record);
  static void start_send(client::ProducerCore& core, const OwnedRecordPtr& record, DeliveryCallback callback,
                         Handler<void> handler);
  static void start_publish(client::ProducerCore& core, const OwnedRecordPtr& record, Handler<Delivery> handler);
  static void start_flush(client::ProducerCore& core, Handler<void> handler);

  std::shared_ptr<client::ProducerCore> core_;
};

/// The partition of a key, as Kafka's default partitioner chooses it: (murmur2(key) & 0x7fffffff) % partitions.
PartitionId partition_for_key(ByteSpan key, std::int32_t partitions);

}  // namespace leat
