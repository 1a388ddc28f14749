#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bench/guard/inline_broker.hpp"
#include "protocol/native/codec.hpp"
#include "protocol/record/batch_builder.hpp"

namespace leat::bench {

/// The other end of a connection to an InlineBroker: whole frames there and back. On the broker's thread.
class Peer {
 public:
  /// Connected, and the hellos exchanged.
  static Result<std::unique_ptr<Peer>> connect(InlineBroker& broker);

  Result<void> send(const native::Message& message, std::uint64_t correlation, ByteSpan payload = {});

  struct Frame {
    std::uint64_t correlation = 0;
    native::Message message;
    ByteSpan payload;  ///< until the next call
  };
  /// The next frame of what has come; nullopt when that is all.
  Result<std::optional<Frame>> receive();
  /// The same, of this kind and no other.
  template <class Kind>
  Result<std::optional<Kind>> receive_only(ByteSpan* payload = nullptr);

 private:
  explicit Peer(storage::FileDescriptor socket) : socket_(std::move(socket)) {}
  Result<void> fill();

  const storage::FileDescriptor socket_;
  std::vector<std::byte> input_;
  std::size_t handled_ = 0;  ///< of the input
};

/// Publishes batches of equal records as an idempotent producer, and checks that each is acknowledged once, in order and durable.
class Publisher {
 public:
  static constexpr std::int32_t kRecordsPerBatch = 100;
  static constexpr std::size_t kRecordBytes = 100;

  static Result<Publisher> connect(InlineBroker& broker, const native::TopicPartition& target);
  Result<void> send_batch();
  Result<void> take_acks();
  [[nodiscard]] std::int64_t acknowledged_records() const { return acknowledged_.value(); }

 private:
  Publisher(std::unique_ptr<Peer> peer, const native::TopicPartition& target, ProducerId producer)
      : peer_(std::move(peer)), target_(target), producer_(producer) {}

  std::unique_ptr<Peer> peer_;
  native::TopicPartition target_;
  ProducerId producer_;
  record::BatchBuilder builder_{{}};
  Offset sent_;
  Offset acknowledged_;
};

/// Subscribes from the first record on, checks that each comes once and in order, and grants credit for what it has taken.
class Subscriber {
 public:
  static Result<Subscriber> connect(InlineBroker& broker, const native::TopicPartition& target);
  Result<void> take_deliveries();
  [[nodiscard]] std::int64_t received_records() const { return next_.value(); }

 private:
  explicit Subscriber(std::unique_ptr<Peer> peer) : peer_(std::move(peer)) {}
  Result<void> take(const native::Deliver& delivery, ByteSpan batches);

  std::unique_ptr<Peer> peer_;
  Offset next_;
};

}  // namespace leat::bench
