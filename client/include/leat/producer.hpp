#pragma once

#include <chrono>
#include <cstddef>
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

struct ProducerOptions {
  AckLevel ack = AckLevel::durable;
  Codec codec = Codec::none;
  std::size_t batch_bytes_max = 128 << 10;  ///< a larger record travels alone
  /// How long a batch may wait for more records. 0 is natural batching: a batch leaves at once while fewer than
  /// in_flight_batches_max of its partition are unacknowledged, and gathers records while that many are.
  std::chrono::milliseconds linger{0};
  int in_flight_batches_max = 5;            ///< a partition; 1 to 5, as the broker recognises a repetition among the last five
  std::size_t buffer_bytes_max = 32 << 20;  ///< records accepted and not yet acknowledged
  std::chrono::milliseconds delivery_timeout{120'000};  ///< from acceptance until a record is given up
  std::chrono::milliseconds retry_backoff_min{20};
  std::chrono::milliseconds retry_backoff_max{1'000};
};

/// Where a record went.
struct Delivery {
  PartitionId partition;
  Offset offset;
  TimestampMs timestamp = 0;
  AckLevel level = AckLevel::none;  ///< reached: at least what was asked for
};

/// Told once about every record, on the client's executor, in order within a partition. It must not block; it may call try_send.
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
/// Failure, as the callbacks get it: Errc::timed_out after delivery_timeout (the outcome is unknown, unless the text says that
/// the record was never sent); the broker's error when it refused the batch for good (unknown_topic, batch_too_large...);
/// Errc::closed when client or producer were closed first (unknown, too). Errors that pass (storage_full, overloaded,
/// shutting_down, a lost connection) are retried until then. A record is durable on return of publish() when Delivery::level says
/// so.
class Producer {
 public:
  explicit Producer(Client& client, ProducerOptions options = {});
  /// Does not wait: flush() first. What is unacknowledged fails with Errc::closed.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Accepts the record or says at once why not: would_block (the buffer is full), batch_too_large (it could never fit),
  /// invalid_argument, closed. The callback is only called for accepted records. Never blocks.
  Result<void> try_send(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback = {});

  /// Waits for room, then accepts the record.
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

  /// Completes when every record accepted before has been acknowledged or has failed, and its callback has returned. Batches that
  /// linger are sent at once.
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
