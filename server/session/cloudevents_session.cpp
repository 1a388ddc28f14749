#include "server/session/cloudevents_session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "protocol/cloudevents/json_format.hpp"
#include "server/broker/publish_records.hpp"
#include "server/config/log_throttle.hpp"
#include "server/config/logging.hpp"
#include "server/net/receive_buffer.hpp"
#include "server/session/feed_parts.hpp"
#include "server/session/wire_error.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kPublishingMax = 1024;
constexpr std::uint32_t kSubscription = 1;

}  // namespace

CloudEventsSession::CloudEventsSession(TextSessionContext context, Connection& connection, TextSessionOptions options,
                                       Request request)
    : broker_(context.broker),
      shard_(context.shard),
      connection_(&connection),
      options_(std::move(options)),
      request_(std::move(request)),
      feed_(context.broker, context.shard, context.sending, context.batches, TextForm::cloudevents,
            RecordFeed::Output{[this](const RecordFeed::Delivery& delivery) {
                                 for (const TextBatch::Record& record : delivery.piece.records) {
                                   connection_->send(delivery.piece.text.slice(record.text), false);
                                   connection_->end_message();
                                 }
                                 connection_->flush_soon();
                               },
                               [this](std::uint32_t, const RecordFeed::Part& part, Offset next, const Error& error) {
                                 log_skipped(part, next, error);
                               },
                               [this](std::uint32_t, const RecordFeed::Part&, const Error& error) { fail(error); },
                               [this] { return connection_ == nullptr ? 0 : connection_->unsent_bytes(); },
                               Transport::cloudevents, options_.client}) {}

void CloudEventsSession::log_skipped(const RecordFeed::Part& part, Offset next, const Error& error) const {
  thread_local log::Throttle throttle;  // a line a second and shard, however many subscribers meet the batch
  const auto left_out = throttle.admit(std::chrono::steady_clock::now());
  if (!left_out) return;
  log::warn("records passed over", {{"topic", part.topic},
                                    {"partition", part.partition->id().partition.value()},
                                    {"next", next.value()},
                                    {"peer", options_.peer},
                                    {"error", error.message()},
                                    {"not_logged_before", *left_out}});
}

void CloudEventsSession::start() {
  if (request_.from) boost::asio::co_spawn(shard_.io(), subscribe(shared_from_this()), boost::asio::detached);
}

boost::asio::awaitable<void> CloudEventsSession::subscribe([[maybe_unused]] std::shared_ptr<CloudEventsSession> self) {
  const std::string topics[] = {request_.topic};
  auto parts = parts_of(broker_.topics(), topics, request_.partition, options_.subscriptions_max);
  if (parts.has_value()) parts = co_await resolve_parts(broker_, std::move(*parts), *request_.from);
  if (connection_ == nullptr || draining_) co_return;
  if (parts.has_error()) co_return fail(parts.error());
  const auto added = feed_.add({kSubscription, std::move(*parts), request_.filter, std::nullopt});
  if (added.has_error()) fail(added.error());
}

bool CloudEventsSession::wants_input() const {
  return connection_ != nullptr && in_flight_bytes_ < options_.in_flight_bytes_max && publishing_ < kPublishingMax;
}

Result<Session::Consumed> CloudEventsSession::on_input(const Input& input) {
  const std::size_t bytes = input.unread.size();
  if (draining_) return Error(Errc::shutting_down);
  LEAT_ASSIGN(auto event, cloudevents::parse_json(as_text(input.unread)));
  ++publishing_;
  in_flight_bytes_ += bytes;
  boost::asio::co_spawn(shard_.io(),
                        publish(shared_from_this(), cloudevents::EventRecord(std::move(event)), input.buffer.share(input.unread)),
                        boost::asio::detached);
  return Consumed{bytes, 0};
}

boost::asio::awaitable<void> CloudEventsSession::publish([[maybe_unused]] std::shared_ptr<CloudEventsSession> self,
                                                         cloudevents::EventRecord record, SharedBytes received) {
  NewRecord published{record.key(), record.value(), {record.headers().begin(), record.headers().end()}, {}, request_.partition};
  const TopicEntryPtr topic = broker_.topics().by_name(request_.topic);
  if (topic) {
    const auto acks = co_await publish_records(broker_, shard_, topic, std::span(&published, 1), native::AckLevel::durable,
                                               Transport::cloudevents);
    if (acks.front().has_error()) fail(acks.front().error());
  } else {
    shard_.metrics().count_publish_error(Errc::unknown_topic);
    fail(Error(Errc::unknown_topic, request_.topic));
  }
  --publishing_;
  in_flight_bytes_ -= received.size();
  if (connection_ == nullptr) co_return;
  if (wants_input()) connection_->resume_reading();
  finish_drain();
}

void CloudEventsSession::fail(const Error& error) {
  if (connection_ == nullptr) return;
  const Error said = for_peer(error);
  log::debug("CloudEvents connection ended", {{"peer", options_.peer}, {"error", error.message()}});
  feed_.close();
  connection_->close_because(said);
}

void CloudEventsSession::on_flushed() {
  if (connection_ != nullptr) feed_.pump();
}

void CloudEventsSession::drain() {
  draining_ = true;
  feed_.close();
  finish_drain();
}

void CloudEventsSession::finish_drain() {
  if (draining_ && connection_ != nullptr && publishing_ == 0) connection_->close_when_flushed();
}

void CloudEventsSession::on_closed() {
  connection_ = nullptr;
  feed_.close();
}

}  // namespace leat::server
