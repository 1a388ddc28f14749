#include "server/session/record_feed.hpp"

#include <algorithm>

#include "protocol/record/batch_iterator.hpp"

namespace leat::server {
namespace {

/// Deliveries stop at this much unsent.
constexpr std::size_t kUnsentBytesMax = 256U << 10;
constexpr std::uint32_t kReadBytes = 256U << 10;

/// What was chosen of a piece, copied if it is the lesser part: as long as it is on its way, all of the piece would stay in
/// memory.
TextBatch::Piece let_go_of_rest(SharedBytes text, std::vector<TextBatch::Record> chosen, std::size_t chosen_bytes) {
  if (chosen_bytes * 2 > text.size()) return {std::move(text), std::move(chosen)};
  std::string copy;
  copy.reserve(chosen_bytes + chosen.size());
  for (const TextBatch::Record& record : chosen) copy.append(as_text(record.text)).append(",");
  copy.pop_back();
  TextBatch::Piece piece{SharedBytes(std::move(copy)), std::move(chosen)};
  std::size_t at = 0;
  for (TextBatch::Record& record : piece.records) {
    record.text = piece.text.span().subspan(at, record.text.size());
    at += record.text.size() + 1;
  }
  return piece;
}

}  // namespace

RecordFeed::RecordFeed(Broker& broker, Shard& shard, const std::shared_ptr<ByteBudget>& sending, TextBatches& batches,
                       TextForm form, Output output)
    : shard_(shard),
      batches_(batches),
      form_(form),
      output_(std::move(output)),
      room_(sending, shard, [this] { pump(); }),
      subscriptions_(std::make_shared<Subscriptions>(
          broker, shard,
          Subscriptions::Output{[this](const Subscriptions::Delivery& delivery) { deliver(delivery); },
                                [this](std::uint32_t number, const Error& error) { end(number, error); },
                                [this] { return room(); }, [this] { room_.settle(outgoing_bytes()); }, output_.transport,
                                output_.client})) {
  shard_.add_lag_source(*this);
}

std::size_t RecordFeed::outgoing_bytes() const { return output_.unsent_bytes() + subscriptions_->reading_bytes(); }

Subscriptions::Room RecordFeed::room() {
  const std::size_t outgoing = outgoing_bytes();
  const std::size_t room = kUnsentBytesMax - std::min(outgoing, kUnsentBytesMax);
  if (room == 0 || room_.has_room(outgoing + room)) return {room, false};
  const std::size_t allowed = room_.allowed_bytes();
  return {allowed - std::min(allowed, outgoing), true};
}

bool RecordFeed::has_credit(const Source& source) const {
  return !source.subscription->credit || *source.subscription->credit > 0;
}

Result<void> RecordFeed::add(Request request) {
  if (by_id_.contains(request.id)) {
    return Error(Errc::invalid_argument, "subscription " + std::to_string(request.id) + " exists already");
  }
  Subscription& subscription = by_id_[request.id];
  subscription = {request.id, std::move(request.filter), request.credit, {}};
  const std::uint32_t credit = !subscription.credit || *subscription.credit > 0 ? kReadBytes : 0;
  for (Part& part : request.parts) {
    const std::uint32_t number = ++last_number_;
    // Also those without credit begin as subscribed: so the offset is checked.
    if (auto added = subscriptions_->add(number, part.partition, part.from, credit); added.has_error()) {
      remove(request.id);
      return added;
    }
    subscription.numbers.push_back(number);
    const auto waits = credit > 0 ? Source::Waits::for_records : Source::Waits::for_credit;
    by_number_.emplace(number, Source{&subscription, std::move(part), waits});
  }
  subscriptions_->pump();
  return ok();
}

bool RecordFeed::remove(std::uint32_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  for (const std::uint32_t number : found->second.numbers) {
    subscriptions_->remove(number);
    by_number_.erase(number);
  }
  by_id_.erase(found);
  return true;
}

bool RecordFeed::add_credit(std::uint32_t id, std::uint64_t records) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  Subscription& subscription = found->second;
  if (!subscription.credit) return true;
  *subscription.credit += std::min(records, std::uint64_t{1} << 53);
  const std::vector<std::uint32_t> numbers = subscription.numbers;
  for (const std::uint32_t number : numbers) {
    const auto source = by_number_.find(number);
    const bool waits = source != by_number_.end() && source->second.waits == Source::Waits::for_credit;
    if (waits) resume(number, source->second);
  }
  pump();
  return true;
}

void RecordFeed::deliver(const Subscriptions::Delivery& delivery) {
  const auto found = by_number_.find(delivery.subscription);
  if (found == by_number_.end()) return;
  Source& source = found->second;
  for (const SharedBytes& chunk : delivery.batches.chunks) {
    record::BatchIterator batches(chunk.span());
    while (true) {
      const auto batch = batches.next();
      if (batch.has_error()) return end(delivery.subscription, batch.error());
      if (!*batch) break;
      if (!deliver_batch(source, **batch, delivery.high_watermark)) return pause(delivery.subscription, source);
    }
  }
  if (!has_credit(source)) return pause(delivery.subscription, source);
  subscriptions_->add_credit(delivery.subscription, static_cast<std::uint32_t>(delivery.batches.bytes));
}

bool RecordFeed::deliver_batch(Source& source, ByteSpan batch, Offset high_watermark) {
  const Offset behind = record::parse_batch_header(batch).value().next_offset();  // it was iterated over
  const auto skip = [&](const Error& error) {
    source.part.from = behind;
    output_.skipped(source.subscription->id, source.part, behind, error);
    return true;
  };
  auto text =
      batches_.get(source.part.partition->log().id(), batch, source.part.topic, source.part.partition->id().partition, form_);
  if (text.has_error()) return skip(text.error());
  for (std::size_t i = 0;; ++i) {
    const auto piece = (*text)->piece(i);
    if (piece.has_error()) return skip(piece.error());
    if (*piece == nullptr) break;
    if ((*piece)->records.back().view.offset < source.part.from) continue;
    if (!deliver_piece(source, **piece, high_watermark)) return false;
  }
  source.part.from = behind;
  return true;
}

bool RecordFeed::deliver_piece(Source& source, const TextBatch::Piece& piece, Offset high_watermark) {
  if (output_.unsent_bytes() >= kUnsentBytesMax) return false;
  Subscription& subscription = *source.subscription;
  std::vector<TextBatch::Record> chosen;
  std::size_t bytes = 0;
  bool out_of_credit = false;
  for (const TextBatch::Record& record : piece.records) {
    if (record.view.offset < source.part.from) continue;
    const cloudevents::RecordPlace place{source.part.topic, source.part.partition->id().partition};
    if (!subscription.filter || subscription.filter->matches(record.view, place)) {
      if (out_of_credit = !has_credit(source); out_of_credit) break;
      if (subscription.credit) --*subscription.credit;
      chosen.push_back(record);
      bytes += record.text.size();
    }
    source.part.from = record.view.offset + 1;
  }
  if (!chosen.empty()) {
    source.part.partition->count_delivered(shard_, output_.transport, chosen.size(), bytes);
    output_.deliver({subscription.id, source.part, let_go_of_rest(piece.text, std::move(chosen), bytes), high_watermark});
  }
  return !out_of_credit;
}

void RecordFeed::pause(std::uint32_t number, Source& source) {
  subscriptions_->remove(number);
  if (has_credit(source)) {
    source.waits = Source::Waits::for_room;
    return waiting_for_room_.push_back(number);
  }
  source.waits = Source::Waits::for_credit;
  // Without credit of its own, so that the end of the topic is told all the same.
  const auto added = subscriptions_->add(number, source.part.partition, source.part.from, 0);
  if (added.has_error()) end(number, added.error());
}

void RecordFeed::resume(std::uint32_t number, Source& source) {
  if (!has_credit(source)) return;
  source.waits = Source::Waits::for_records;
  subscriptions_->remove(number);  // the one without credit
  const auto added = subscriptions_->add(number, source.part.partition, source.part.from, kReadBytes);
  if (added.has_error()) end(number, added.error());
}

void RecordFeed::end(std::uint32_t number, const Error& error) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return;
  const Source source = found->second;
  subscriptions_->remove(number);
  std::erase(source.subscription->numbers, number);
  by_number_.erase(found);
  output_.ended(source.subscription->id, source.part, error);
}

void RecordFeed::pump() {
  for (std::size_t left = waiting_for_room_.size();
       left > 0 && !waiting_for_room_.empty() && output_.unsent_bytes() < kUnsentBytesMax; --left) {
    const std::uint32_t number = waiting_for_room_.front();
    waiting_for_room_.pop_front();
    const auto found = by_number_.find(number);
    if (found != by_number_.end() && found->second.waits == Source::Waits::for_room) resume(number, found->second);
  }
  subscriptions_->pump();
}

void RecordFeed::report_lag(LagReport& report) const {
  for (const auto& [number, source] : by_number_) {
    const Partition& partition = *source.part.partition;
    if (!partition.gone()) report.note(output_.client, partition.id().topic, source.part.from, partition.high_watermark());
  }
}

void RecordFeed::close() {
  shard_.remove_lag_source(*this);
  subscriptions_->close();
  room_.close();
  by_number_.clear();
  by_id_.clear();
  waiting_for_room_.clear();
}

}  // namespace leat::server
