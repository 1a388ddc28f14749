#include "server/session/sse_session.hpp"

#include <algorithm>
#include <charconv>

#include "server/session/feed_text.hpp"

namespace leat::server {
namespace {

constexpr std::uint32_t kSubscription = 1;
/// Proxies close what is silent, and a browser notices a dead connection only when something is sent on it.
constexpr std::chrono::seconds kHeartbeat{15};

const SharedBytes& end_of_event() {
  static const SharedBytes kEnd{std::string("\n\n")};
  return kEnd;
}

/// A line feed would end the data: JSON that was kept as it was written may have some between its values.
SharedBytes one_line(const SharedBytes& text) {
  const std::string_view view = as_text(text.span());
  if (view.find_first_of("\r\n") == std::string_view::npos) return text;
  std::string line(view);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return SharedBytes(std::move(line));
}

}  // namespace

SseSession::SseSession(TextSessionContext context, Connection& connection, TextSessionOptions options, Request request)
    : connection_(&connection),
      options_(std::move(options)),
      request_(std::move(request)),
      feed_(context.broker, context.shard, context.sending, context.batches, request_.form,
            RecordFeed::Output{[this](const RecordFeed::Delivery& delivery) { deliver(delivery); },
                               [this](std::uint32_t, const RecordFeed::Part& part, Offset next, const Error& error) {
                                 next_[part.partition->id().partition.value()] = next;
                                 std::string text = "event: skipped\nid: " + event_id() + "\ndata: {";
                                 append_skipped(text, part, next, error);
                                 send(text + "}\n\n");
                               },
                               [this](std::uint32_t, const RecordFeed::Part& part, const Error& error) {
                                 std::string text = "event: ended\ndata: {";
                                 append_ended(text, part, error);
                                 send(text + "}\n\n");
                                 if (connection_ != nullptr) connection_->close_when_flushed();
                               },
                               [this] { return connection_ == nullptr ? 0 : connection_->unsent_bytes(); }, Transport::sse,
                               options_.client}),
      heartbeat_(context.shard.io()) {
  for (const RecordFeed::Part& part : request_.parts) next_[part.partition->id().partition.value()] = part.from;
}

void SseSession::start() {
  // Says at once where it begins: a client that loses the connection before the first record comes back to the same place.
  std::string text = "id: " + event_id() + "\nevent: start\ndata: {";
  append_starts(text, request_.parts);
  send(text + "}\n\n");
  const auto added = feed_.add({kSubscription, std::move(request_.parts), std::move(request_.filter), std::nullopt});
  // The client comes back by itself, and hears why not with an HTTP status.
  if (added.has_error() && connection_ != nullptr) connection_->close_when_flushed();
  stay_alive();
}

std::string SseSession::event_id() const {
  std::string id;
  for (const auto& [partition, offset] : next_) {
    if (!id.empty()) id += ',';
    id += std::to_string(partition) + ":" + std::to_string(offset.value());
  }
  return id;
}

std::optional<std::map<std::int32_t, Offset>> SseSession::parse_event_id(std::string_view id) {
  std::map<std::int32_t, Offset> offsets;
  const auto take = [&id](auto& number, char end) {
    const auto [stop, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || number < 0) return false;
    id.remove_prefix(static_cast<std::size_t>(stop - id.data()));
    if (id.empty()) return end == ',';
    if (id.front() != end) return false;
    id.remove_prefix(1);
    return true;
  };
  while (!id.empty()) {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    if (!take(partition, ':') || !take(offset, ',')) return std::nullopt;
    offsets[partition] = Offset(offset);
  }
  if (offsets.empty()) return std::nullopt;
  return offsets;
}

void SseSession::send(std::string text) {
  if (connection_ == nullptr) return;
  connection_->send(SharedBytes(std::move(text)), false);
  connection_->flush_soon();
}

void SseSession::deliver(const RecordFeed::Delivery& delivery) {
  if (connection_ == nullptr) return;
  const std::int32_t partition = delivery.part.partition->id().partition.value();
  for (const TextBatch::Record& record : delivery.piece.records) {
    next_[partition] = record.view.offset + 1;
    std::string head = "id: " + event_id() + "\ndata: ";
    if (request_.form == TextForm::json) head += "{\"partition\":" + std::to_string(partition) + ",\"record\":";
    connection_->send(SharedBytes(std::move(head)), false);
    connection_->send(one_line(delivery.piece.text.slice(record.text)), false);
    if (request_.form == TextForm::json) connection_->send(SharedBytes(std::string("}")), false);
    connection_->send(end_of_event(), false);
  }
  connection_->flush_soon();
}

void SseSession::stay_alive() {
  heartbeat_.expires_after(kHeartbeat);
  heartbeat_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->connection_ == nullptr) return;
    if (self->connection_->unsent_bytes() == 0) self->send(":\n\n");
    self->stay_alive();
  });
}

void SseSession::on_flushed() {
  if (connection_ != nullptr) feed_.pump();
}

void SseSession::drain() {
  feed_.close();
  if (connection_ != nullptr) connection_->close_when_flushed();
}

void SseSession::on_closed() {
  connection_ = nullptr;
  heartbeat_.cancel();
  feed_.close();
}

}  // namespace leat::server
