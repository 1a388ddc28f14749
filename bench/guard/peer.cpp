#include "bench/guard/peer.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "protocol/record/batch_iterator.hpp"
#include "storage/io/io_error.hpp"

namespace leat::bench {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;
constexpr std::size_t kFrameBytesMax = 8U << 20;
constexpr std::uint32_t kSubscription = 1;
/// No more than sockets take at once, with the batch that may go beyond it.
constexpr std::uint32_t kCreditBytes = 256U << 10;
constexpr TimestampMs kTimestamp = 1'700'000'000'000;

Error unexpected(std::string what) { return Error(Errc::internal, std::move(what)); }

}  // namespace

Result<std::unique_ptr<Peer>> Peer::connect(InlineBroker& broker) {
  LEAT_ASSIGN(storage::FileDescriptor socket, broker.connect());
  std::unique_ptr<Peer> peer(new Peer(std::move(socket)));
  LEAT_TRY(peer->send(native::Hello{.client_name = "leat_bench_paths"}, 1));
  LEAT_TRY(broker.serve());
  LEAT_ASSIGN(const auto reply, peer->receive_only<native::HelloReply>());
  if (!reply) return unexpected("no answer to the hello");
  return peer;
}

Result<void> Peer::send(const native::Message& message, std::uint64_t correlation, ByteSpan payload) {
  std::vector<std::byte> head;
  native::encode_frame(message, correlation, payload.size(), head);
  std::array<iovec, 2> pieces{iovec{head.data(), head.size()}, iovec{const_cast<std::byte*>(payload.data()), payload.size()}};
  const ssize_t sent = ::writev(socket_.get(), pieces.data(), static_cast<int>(pieces.size()));
  if (sent < 0) return storage::io_error("write", "socket", errno);
  if (static_cast<std::size_t>(sent) < head.size() + payload.size())
    return unexpected("the socket takes less than a round sends");
  return ok();
}

Result<void> Peer::fill() {
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(std::exchange(handled_, 0)));
  while (true) {
    const std::size_t before = input_.size();
    input_.resize(before + kReadBytes);
    const ssize_t got = ::read(socket_.get(), input_.data() + before, kReadBytes);
    input_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0) continue;
    if (got == 0) return unexpected("the broker closed the connection");
    if (errno == EAGAIN) return ok();
    return storage::io_error("read", "socket", errno);
  }
}

Result<std::optional<Peer::Frame>> Peer::receive() {
  if (handled_ == input_.size()) LEAT_TRY(fill());
  LEAT_ASSIGN(const auto next, native::next_frame(ByteSpan(input_).subspan(handled_), kFrameBytesMax));
  const auto* view = std::get_if<native::FrameView>(&next);
  if (view == nullptr) {
    if (handled_ < input_.size()) return unexpected("half a frame");
    return std::optional<Frame>();
  }
  auto decoded = native::decode_header(view->header);
  if (decoded.has_error()) return decoded.error().error;
  handled_ += view->bytes;
  if (const auto* error = std::get_if<native::ErrorReply>(&decoded->message)) return Error(error->code, error->message);
  return std::optional(Frame{decoded->correlation, std::move(decoded->message), view->payload});
}

template <class Kind>
Result<std::optional<Kind>> Peer::receive_only(ByteSpan* payload) {
  LEAT_ASSIGN(auto frame, receive());
  if (!frame) return std::optional<Kind>();
  auto* message = std::get_if<Kind>(&frame->message);
  if (message == nullptr) return unexpected("message " + std::to_string(frame->message.index()) + " instead of what was to come");
  if (payload != nullptr) *payload = frame->payload;
  return std::optional<Kind>(std::move(*message));
}

Result<Publisher> Publisher::connect(InlineBroker& broker, const native::TopicPartition& target) {
  LEAT_ASSIGN(auto peer, Peer::connect(broker));
  LEAT_ASSIGN(const ProducerId producer, broker.allocate_producer_id());
  return Publisher(std::move(peer), target, producer);
}

Result<void> Publisher::send_batch() {
  static const std::string kValue(kRecordBytes, 'x');
  for (std::int32_t i = 0; i < kRecordsPerBatch; ++i) builder_.append(kTimestamp, std::nullopt, as_bytes(kValue));
  // The number of its first record serves as a batch's correlation, which must not be 0.
  LEAT_ASSIGN(auto batch, builder_.finish({producer_, 0, static_cast<std::int32_t>(sent_.value())}));
  sent_ += kRecordsPerBatch;
  LEAT_TRY(peer_->send(native::Publish{target_}, static_cast<std::uint64_t>(sent_.value()), batch));
  builder_.recycle(std::move(batch));
  return ok();
}

Result<void> Publisher::take_acks() {
  while (true) {
    LEAT_ASSIGN(const auto frame, peer_->receive_only<native::PublishAcks>());
    if (!frame) break;
    for (const native::PublishAck& ack : frame->acks) {
      const Offset end = acknowledged_ + kRecordsPerBatch;
      if (ack != native::PublishAck{static_cast<std::uint64_t>(end.value()), acknowledged_, native::AckLevel::durable, false})
        return unexpected("a wrong acknowledgement behind record " + std::to_string(acknowledged_.value()));
      acknowledged_ = end;
    }
  }
  if (acknowledged_ == sent_) return ok();
  return unexpected(std::to_string(sent_ - acknowledged_) + " records were not acknowledged");
}

Result<Subscriber> Subscriber::connect(InlineBroker& broker, const native::TopicPartition& target) {
  LEAT_ASSIGN(auto peer, Peer::connect(broker));
  LEAT_TRY(peer->send(native::Subscribe{kSubscription, target, Offset(0), 0}, 1));
  LEAT_TRY(broker.serve());
  LEAT_ASSIGN(const auto reply, peer->receive_only<native::SubscribeReply>());
  if (!reply) return unexpected("no answer to the subscription");
  LEAT_TRY(peer->send(native::Credit{kSubscription, kCreditBytes}, 0));
  return Subscriber(std::move(peer));
}

Result<void> Subscriber::take_deliveries() {
  std::size_t taken_bytes = 0;
  while (true) {
    ByteSpan batches;
    LEAT_ASSIGN(const auto delivery, peer_->receive_only<native::Deliver>(&batches));
    if (!delivery) break;
    LEAT_TRY(take(*delivery, batches));
    taken_bytes += batches.size();
  }
  if (taken_bytes == 0) return ok();
  return peer_->send(native::Credit{kSubscription, static_cast<std::uint32_t>(taken_bytes)}, 0);
}

Result<void> Subscriber::take(const native::Deliver& delivery, ByteSpan batches) {
  record::BatchIterator iterator(batches);
  while (true) {
    LEAT_ASSIGN(const auto batch, iterator.next());
    if (!batch) break;
    LEAT_ASSIGN(const record::BatchHeader header, record::parse_batch_header(*batch));
    if (header.base_offset != next_)
      return unexpected("record " + std::to_string(next_.value()) + " was not delivered in its turn");
    next_ = header.next_offset();
  }
  if (delivery.next_offset != next_) return unexpected("a delivery ends elsewhere than it says");
  return ok();
}

}  // namespace leat::bench
