#include "server/session/json_session.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "protocol/base/clock.hpp"
#include "protocol/text/json_text.hpp"
#include "server/config/logging.hpp"
#include "server/net/receive_buffer.hpp"
#include "server/session/feed_parts.hpp"
#include "server/session/feed_text.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kRequestsMax = 64;

const SharedBytes& comma() {
  static const SharedBytes kComma{std::string(",")};
  return kComma;
}

const SharedBytes& closing() {
  static const SharedBytes kClosing{std::string("]}")};
  return kClosing;
}

}  // namespace

JsonSession::JsonSession(TextSessionContext context, Connection& connection, TextSessionOptions options)
    : broker_(context.broker),
      shard_(context.shard),
      connection_(&connection),
      options_(std::move(options)),
      feed_(context.broker, context.shard, context.sending, context.batches, TextForm::json,
            RecordFeed::Output{[this](const RecordFeed::Delivery& delivery) { deliver(delivery); },
                               [this](std::uint32_t id, const RecordFeed::Part& part, Offset next, const Error& error) {
                                 announce();
                                 std::string message = begin("skipped", id) + ",";
                                 append_skipped(message, part, next, error);
                                 send(message + "}");
                               },
                               [this](std::uint32_t id, const RecordFeed::Part& part, const Error& error) {
                                 announce();
                                 std::string message = begin("ended", id) + ",";
                                 append_ended(message, part, error);
                                 send(message + "}");
                               },
                               [this] { return connection_ == nullptr ? 0 : connection_->unsent_bytes(); }, Transport::leat_json,
                               options_.client}) {}

std::string JsonSession::begin(std::string_view type, std::uint32_t id) {
  return R"({"type":")" + std::string(type) + R"(","id":)" + std::to_string(id);
}

void JsonSession::send(std::string message) {
  if (connection_ == nullptr) return;
  connection_->send(SharedBytes(std::move(message)), false);
  connection_->end_message();
  connection_->flush_soon();
}

void JsonSession::send_error(std::uint32_t id, const Error& error) {
  std::string message = begin("error", id) + ",";
  append_error(message, error);
  send(message + "}");
}

bool JsonSession::wants_input() const {
  // A subscription that is being made may be what the next message is about.
  return connection_ != nullptr && !subscribing_ && in_flight_bytes_ < options_.in_flight_bytes_max && requests_ < kRequestsMax &&
         connection_->unsent_bytes() < options_.outbox_bytes_max;
}

Result<Session::Consumed> JsonSession::on_input(const Input& input) {
  received_ = input.buffer.share(input.unread);
  auto parsed = json_message::parse(as_text(input.unread), SystemClock().wall_ms());
  if (const auto* refusal = std::get_if<json_message::Refusal>(&parsed)) {
    send_error(refusal->id, refusal->error);
    // Text that is no JSON is from somebody who speaks something else.
    if (refusal->error.code == Errc::malformed_frame) return refusal->error;
    return Consumed{std::exchange(received_, {}).size(), 0};
  }
  std::visit([this](auto& message) { on(std::move(message)); }, std::get<json_message::Message>(parsed));
  received_ = {};
  return Consumed{input.unread.size(), 0};
}

void JsonSession::on(const json_message::Ping& ping) { send(begin("pong", ping.id) + "}"); }

void JsonSession::on(const json_message::Credit& credit) {
  if (!feed_.add_credit(credit.id, credit.records)) {
    send_error(credit.id, Error(Errc::unknown_subscription, std::to_string(credit.id)));
  }
}

void JsonSession::on(const json_message::Unsubscribe& unsubscribe) {
  if (!feed_.remove(unsubscribe.id)) {
    return send_error(unsubscribe.id, Error(Errc::unknown_subscription, std::to_string(unsubscribe.id)));
  }
  send(begin("unsubscribed", unsubscribe.id) + "}");
}

void JsonSession::on(json_message::Subscribe request) {
  if (draining_) return send_error(request.id, Error(Errc::shutting_down));
  ++requests_;
  subscribing_ = true;
  boost::asio::co_spawn(shard_.io(), subscribe(shared_from_this(), std::move(request)), boost::asio::detached);
}

// The parameters are copies: they live in the coroutine.
boost::asio::awaitable<void> JsonSession::subscribe([[maybe_unused]] std::shared_ptr<JsonSession> self,
                                                    json_message::Subscribe request) {
  auto parts = parts_of(broker_.topics(), request.topics, request.partition, partitions_left());
  if (parts.has_value()) parts = co_await resolve_parts(broker_, std::move(*parts), request.from);
  if (connection_ == nullptr || draining_) parts = Error(Errc::shutting_down);
  // Others may have been let in meanwhile.
  if (parts.has_value() && parts->size() > partitions_left()) parts = Error(Errc::limit_reached);
  if (parts.has_error()) {
    if (parts.error().code == Errc::limit_reached) {
      parts = Error(Errc::limit_reached, "a connection reads " + std::to_string(options_.subscriptions_max) + " partitions");
    }
    send_error(request.id, parts.error());
  } else {
    begin_subscription(std::move(request), std::move(*parts));
  }
  subscribing_ = false;
  finish_request(0);
}

std::size_t JsonSession::partitions_left() const {
  return options_.subscriptions_max - std::min(options_.subscriptions_max, feed_.parts());
}

void JsonSession::begin_subscription(json_message::Subscribe request, std::vector<RecordFeed::Part> parts) {
  announcement_ = begin("subscribed", request.id) + ",";
  append_starts(announcement_, parts);
  announcement_ += '}';
  const auto added = feed_.add({request.id, std::move(parts), std::move(request.filter), request.credit});
  if (added.has_value()) return announce();
  announcement_.clear();
  send_error(request.id, added.error());
}

void JsonSession::announce() {
  if (!announcement_.empty()) send(std::exchange(announcement_, {}));
}

void JsonSession::on(json_message::Publish request) {
  if (draining_) return send_error(request.id, Error(Errc::shutting_down));
  TopicEntryPtr topic = broker_.topics().by_name(request.topic);
  if (!topic) {
    shard_.metrics().count_publish_error(Errc::unknown_topic);
    return send_error(request.id, Error(Errc::unknown_topic, request.topic));
  }
  ++requests_;
  in_flight_bytes_ += received_.size();
  boost::asio::co_spawn(shard_.io(), publish(shared_from_this(), std::move(request), std::move(topic), received_),
                        boost::asio::detached);
}

boost::asio::awaitable<void> JsonSession::publish([[maybe_unused]] std::shared_ptr<JsonSession> self,
                                                  json_message::Publish request, TopicEntryPtr topic, SharedBytes received) {
  std::vector<NewRecord> records;
  records.reserve(request.records.size());
  for (const json_message::Record& record : request.records) records.push_back(record.view());
  const auto acks = co_await publish_records(broker_, shard_, std::move(topic), records, request.level, Transport::leat_json);
  std::string reply = begin("published", request.id) + ",\"records\":[";
  for (const auto& ack : acks) {
    if (reply.back() != '[') reply += ',';
    if (ack.has_value()) {
      reply += "{\"partition\":" + std::to_string(ack->partition.value()) + ",\"offset\":" + std::to_string(ack->offset.value()) +
               ",\"ack\":\"" + std::string(json_message::name_of(ack->level)) + "\"}";
    } else {
      reply += '{';
      append_error(reply, ack.error());
      reply += '}';
    }
  }
  send(reply + "]}");
  finish_request(received.size());
}

void JsonSession::finish_request(std::size_t bytes) {
  --requests_;
  in_flight_bytes_ -= bytes;
  if (connection_ == nullptr) return;
  if (wants_input()) connection_->resume_reading();
  finish_drain();
}

void JsonSession::deliver(const RecordFeed::Delivery& delivery) {
  if (connection_ == nullptr) return;
  announce();
  std::string head = begin("deliver", delivery.id) + ",";
  append_place(head, delivery.part);
  head += ",\"high_watermark\":" + std::to_string(delivery.high_watermark.value()) + ",\"records\":[";
  connection_->send(SharedBytes(std::move(head)), false);
  const std::vector<TextBatch::Record>& records = delivery.piece.records;
  for (std::size_t i = 0; i < records.size();) {
    // Those that were neighbours in the piece have the comma between them already.
    const std::byte* const begin = records[i].text.data();
    const std::byte* end = begin + records[i].text.size();
    for (++i; i < records.size() && records[i].text.data() == end + 1; ++i) end += 1 + records[i].text.size();
    connection_->send(delivery.piece.text.slice(ByteSpan(begin, end)), false);
    if (i < records.size()) connection_->send(comma(), false);
  }
  connection_->send(closing(), false);
  connection_->end_message();
  connection_->flush_soon();
}

void JsonSession::on_flushed() {
  if (connection_ == nullptr) return;
  feed_.pump();
  if (connection_ != nullptr && wants_input()) connection_->resume_reading();
}

void JsonSession::drain() {
  draining_ = true;
  feed_.close();
  finish_drain();
}

void JsonSession::finish_drain() {
  if (draining_ && connection_ != nullptr && requests_ == 0) connection_->close_when_flushed();
}

void JsonSession::on_closed() {
  connection_ = nullptr;
  feed_.close();
  log::debug("client gone", {{"peer", options_.peer}});
}

}  // namespace leat::server
