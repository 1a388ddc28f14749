#include "server/session/native_session.hpp"

#include <algorithm>
#include <limits>

#include "protocol/record/batch_validator.hpp"
#include "server/config/logging.hpp"
#include "server/net/receive_buffer.hpp"
#include "server/session/wire_error.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kRequestsMax = 64;
/// What the answers that are being made may come to, beside one more: a session alone must not take all that may be sent, and
/// what is behind a request is not to wait for it.
constexpr std::size_t kAnswerBytesMax = 4U << 20;
/// A frame with so many is well within what a header may be.
constexpr std::size_t kAcksPerFrameMax = 8192;
/// Deliveries stop at this much unsent, so that answers do not wait behind much of them.
constexpr std::size_t kUnsentBytesForDelivery = 256U << 10;

}  // namespace

NativeSession::NativeSession(Broker& broker, Shard& shard, Connection& connection, const std::shared_ptr<ByteBudget>& sending,
                             NativeSessionOptions options)
    : broker_(broker), shard_(shard), connection_(&connection), options_(std::move(options)), room_(sending, shard, [this] {
        on_room();
      }) {}

void NativeSession::start() {
  // The subscriptions live no longer than the session, which outlives every call they make.
  subscriptions_ = std::make_shared<Subscriptions>(
      broker_, shard_,
      Subscriptions::Output{[this](const Subscriptions::Delivery& delivery) { deliver(delivery); },
                            [this](std::uint32_t number, const Error& error) {
                              const Error said = for_peer(error);
                              send(native::SubscriptionEnded{number, said.code, said.context}, 0);
                            },
                            [this] { return room_for_deliveries(); }, [this] { settle_share(); }, options_.transport,
                            options_.client ? options_.client->id() : 0, connection_->sends_files()});
  shard_.add_lag_source(*subscriptions_);
}

Subscriptions::Room NativeSession::room_for_deliveries() {
  if (connection_ == nullptr) return {};
  const std::size_t unsent = connection_->unsent_bytes() + subscriptions_->reading_bytes();
  const std::size_t room = kUnsentBytesForDelivery - std::min(unsent, kUnsentBytesForDelivery);
  if (room == 0 || may_send(room)) return {room, false};
  const std::size_t allowed = room_.allowed_bytes();
  return {std::min(room, allowed - std::min(allowed, outgoing_bytes())), true};
}

bool NativeSession::wants_input() const {
  return connection_ != nullptr && !request_waits_ && in_flight_bytes_ < options_.in_flight_bytes_max &&
         requests_ < kRequestsMax && answer_bytes_ < kAnswerBytesMax && connection_->unsent_bytes() < options_.outbox_bytes_max &&
         !(broker_over_limit_ && in_flight_bytes_ > 0);
}

Result<Session::Consumed> NativeSession::on_input(const Input& input) {
  Consumed consumed;
  received_at_.reset();
  while (wants_input()) {
    const std::size_t frame_max = established_ ? options_.frame_bytes_max : native::kHelloFrameBytesMax;
    const auto frame = native::next_frame(input.unread.subspan(consumed.bytes), frame_max);
    if (frame.has_error()) {
      log::debug("connection closed on a bad frame", {{"peer", options_.peer}, {"error", frame.error().message()}});
      send_error(0, frame.error());
      return frame.error();
    }
    if (const auto* need = std::get_if<native::FrameNeed>(&*frame)) {
      consumed.wanted_bytes = need->bytes_total;
      break;
    }
    const auto& view = std::get<native::FrameView>(*frame);
    LEAT_ASSIGN(const Handled handled, handle(view, input));
    if (handled == Handled::later) break;
    consumed.bytes += view.bytes;
  }
  return consumed;
}

Result<void> NativeSession::answer_broken(const native::DecodeFailure& failure) {
  if (!failure.correlation || *failure.correlation == 0) {
    send_error(0, failure.error);
    return failure.error;
  }
  if (!established_) return refuse_before_hello(*failure.correlation);
  send_error(*failure.correlation, failure.error);
  return ok();
}

Result<NativeSession::Handled> NativeSession::handle(const native::FrameView& frame, const Input& input) {
  auto decoded = native::decode_header(frame.header);
  if (decoded.has_error()) {
    LEAT_TRY(answer_broken(std::move(decoded).error()));
    return Handled::done;
  }
  const std::uint64_t correlation = decoded->correlation;
  if (correlation == 0 && !std::holds_alternative<native::Credit>(decoded->message)) {
    const Error error(Errc::malformed_frame, "a request with correlation 0");
    send_error(0, error);
    return error;
  }
  if (!may_send(answer_bytes_of(decoded->message))) {
    request_waits_ = true;
    return Handled::later;
  }
  request_has_room_ = false;
  if (const auto* request = std::get_if<native::Publish>(&decoded->message); request != nullptr && established_) {
    publish(correlation, *request, frame.payload, input);
    return Handled::done;
  }
  if (!established_ && !std::holds_alternative<native::Hello>(decoded->message)) LEAT_TRY(refuse_before_hello(correlation));
  if (draining_ && !std::holds_alternative<native::Credit>(decoded->message)) {
    send_error(correlation, Error(Errc::shutting_down));
    return Handled::done;
  }
  LEAT_TRY(std::visit([&](const auto& message) { return on(correlation, message); }, decoded->message));
  return Handled::done;
}

Result<void> NativeSession::refuse_before_hello(std::uint64_t correlation) {
  const Error error(Errc::handshake_required);
  send_error(correlation, error);
  return error;
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::Hello& hello) {
  if (established_) {
    send_error(correlation, Error(Errc::invalid_argument, "hello was said before"));
    return ok();
  }
  if (hello.version_min > native::kProtocolVersion || hello.version_max < native::kProtocolVersion) {
    const Error error(Errc::unsupported_version, "the broker speaks version " + std::to_string(native::kProtocolVersion) +
                                                     ", the client " + std::to_string(hello.version_min) + " to " +
                                                     std::to_string(hello.version_max));
    send_error(correlation, error);
    return error;
  }
  established_ = true;
  client_name_ = hello.client_name;
  if (options_.client) options_.client->set_name(client_name_);
  log::debug("client connected", {{"peer", options_.peer}, {"client", client_name_}, {"version", hello.client_version}});
  native::HelloReply reply;
  reply.server_name = "leatd";
  reply.server_version = std::string(kVersion);
  reply.broker_id = broker_.store().broker_id();
  reply.frame_bytes_max = static_cast<std::uint32_t>(options_.frame_bytes_max);
  reply.in_flight_bytes_max =
      static_cast<std::uint32_t>(std::min<std::size_t>(options_.in_flight_bytes_max, std::numeric_limits<std::uint32_t>::max()));
  send(reply, correlation);
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::Ping&) {
  send(native::Pong{}, correlation);
  return ok();
}

Result<std::shared_ptr<Partition>> NativeSession::target_of(const native::TopicPartition& target) {
  if (!last_target_ || last_target_->id() != target || last_target_->gone()) {
    LEAT_ASSIGN(last_target_, broker_.topics().partition(target));
  }
  return last_target_;
}

void NativeSession::publish(std::uint64_t correlation, const native::Publish& request, ByteSpan payload, const Input& input) {
  if (draining_) return refuse_publish(correlation, Error(Errc::shutting_down));
  const auto partition = target_of(request.target);
  if (partition.has_error()) return refuse_publish(correlation, partition.error());
  const auto header = record::validate_for_append(payload, {(*partition)->log().batch_bytes_max()});
  if (header.has_error()) return refuse_publish(correlation, header.error());
  if (!received_at_) received_at_ = std::chrono::steady_clock::now();
  in_flight_bytes_ += payload.size();
  broker_over_limit_ = !broker_.admit(payload.size());
  broker_.publish(*partition, {*header, input.buffer.share(payload), request.ack, correlation, shared_from_this(), true,
                               options_.transport, *received_at_});
}

void NativeSession::on_published(std::span<const PublishOutcome> outcomes) {
  native::PublishAcks acks;
  for (const PublishOutcome& outcome : outcomes) {
    in_flight_bytes_ -= outcome.batch_bytes;
    broker_.release(outcome.batch_bytes);
    if (outcome.ack.has_error()) {
      send_error(outcome.correlation, outcome.ack.error());
    } else {
      acks.acks.push_back(*outcome.ack);
      if (acks.acks.size() == kAcksPerFrameMax) send(std::exchange(acks, {}), 0);
    }
  }
  if (!acks.acks.empty()) send(acks, 0);
  finish_request();
}

void NativeSession::send(const native::Message& message, std::uint64_t correlation, std::span<const SharedBytes> payload,
                         bool lent) {
  if (connection_ == nullptr) return;
  std::size_t payload_bytes = 0;
  for (const SharedBytes& piece : payload) payload_bytes += piece.size();
  std::vector<std::byte> head;
  native::encode_frame(message, correlation, payload_bytes, head);
  connection_->send(SharedBytes(std::move(head)), false);
  for (const SharedBytes& piece : payload) connection_->send(piece, lent);
  connection_->flush_soon();
}

void NativeSession::send(const native::Message& message, const storage::FileRange& payload) {
  if (connection_ == nullptr) return;
  std::vector<std::byte> head;
  native::encode_frame(message, 0, payload.bytes, head);
  connection_->send(SharedBytes(std::move(head)), false);
  connection_->send_file(payload);
  connection_->flush_soon();
}

void NativeSession::send_error(std::uint64_t correlation, const Error& error) {
  const Error said = for_peer(error);
  send(native::ErrorReply{said.code, said.context, is_retriable(said.code)}, correlation);
}

void NativeSession::refuse_publish(std::uint64_t correlation, const Error& error) {
  shard_.metrics().count_publish_error(error.code);
  send_error(correlation, error);
}

void NativeSession::deliver(const Subscriptions::Delivery& delivery) {
  delivery.partition.count_delivered(shard_, options_.transport, static_cast<std::uint64_t>(delivery.records),
                                     delivery.batches.bytes);
  const native::Deliver head{delivery.subscription, delivery.batches.next_offset, delivery.high_watermark};
  if (delivery.batches.in_file) return send(head, *delivery.batches.in_file);
  send(head, 0, delivery.batches.chunks, delivery.batches.is_lent);
}

std::size_t NativeSession::outgoing_bytes() const {
  const std::size_t unsent = connection_ == nullptr ? 0 : connection_->unsent_bytes();
  return unsent + answer_bytes_ + subscriptions_->reading_bytes();
}

void NativeSession::on_room() {
  if (connection_ == nullptr) return;
  if (!std::exchange(request_waits_, false)) return subscriptions_->pump();
  request_has_room_ = true;
  // What the request is answered with is flushed, and the subscriptions' turn comes then.
  connection_->resume_reading();
}

void NativeSession::settle_share() { room_.settle(std::max(request_has_room_ ? room_.share_bytes() : 0, outgoing_bytes())); }

void NativeSession::on_flushed() {
  if (connection_ == nullptr) return;
  settle_share();
  subscriptions_->pump();
  finish_request();
}

void NativeSession::finish_request() {
  settle_share();
  if (connection_ == nullptr) return;
  if (wants_input()) connection_->resume_reading();
  finish_drain();
}

void NativeSession::drain() {
  draining_ = true;
  subscriptions_->close();
  finish_drain();
}

void NativeSession::finish_drain() {
  if (draining_ && connection_ != nullptr && in_flight_bytes_ == 0 && requests_ == 0) connection_->close_when_flushed();
}

void NativeSession::on_closed() {
  connection_ = nullptr;
  room_.stop_waiting();
  shard_.remove_lag_source(*subscriptions_);
  subscriptions_->close();
  request_has_room_ = false;
  settle_share();
  log::debug("client gone", {{"peer", options_.peer}, {"client", client_name_}});
}

}  // namespace leat::server
