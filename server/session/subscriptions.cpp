#include "server/session/subscriptions.hpp"

#include <algorithm>
#include <limits>

#include "protocol/base/clock.hpp"
#include "protocol/base/endian.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kDeliveryBytesMax = 256U << 10;
/// Then it is the turn of the shard's others: what a filter leaves out fills no connection, so nothing else would end it.
constexpr std::size_t kTurnBytesMax = 1U << 20;

}  // namespace

Result<void> Subscriptions::add(std::uint32_t number, std::shared_ptr<Partition> partition, Offset from,
                                std::uint32_t credit_bytes) {
  if (by_number_.contains(number))
    return Error(Errc::invalid_argument, "subscription " + std::to_string(number) + " exists already");
  // Watched first: what becomes visible after the look at the high watermark below is told.
  auto& followers = by_partition_[partition.get()];
  if (followers.empty()) shard_.watch(*partition, *this);
  idle_.push_back({number, std::move(partition), from, credit_bytes, {}, false, false, false, 0});
  const Place place = std::prev(idle_.end());
  followers.push_back(place);
  by_number_.emplace(number, place);
  const Subscription& added = *place;
  const Offset start = added.partition->log().log_start();
  const Offset end = added.partition->high_watermark();
  if (from < start || from > end) {
    erase(place);
    return Error(Errc::offset_out_of_range, "offset " + std::to_string(from.value()) + ", available are " +
                                                std::to_string(start.value()) + " to " + std::to_string(end.value()));
  }
  place->at_tail = from == end;
  line_up(place);
  return ok();
}

bool Subscriptions::remove(std::uint32_t number) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return false;
  erase(found->second);
  return true;
}

void Subscriptions::erase(Place place) {
  Partition& partition = *place->partition;
  const auto followers = by_partition_.find(&partition);
  std::erase(followers->second, place);
  if (followers->second.empty()) {
    by_partition_.erase(followers);
    shard_.unwatch(partition, *this);
  }
  by_number_.erase(place->number);
  (place->in_line ? ready_ : idle_).erase(place);
}

void Subscriptions::close() {
  closed_ = true;
  while (!by_number_.empty()) erase(by_number_.begin()->second);
}

void Subscriptions::add_credit(std::uint32_t number, std::uint32_t bytes) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return;
  // A peer that never stops granting gains nothing and breaks nothing.
  std::int64_t& credit = found->second->credit_bytes;
  credit = std::min<std::int64_t>(credit + bytes, std::numeric_limits<std::uint32_t>::max());
  line_up(found->second);
}

void Subscriptions::on_advanced(Partition& partition) {
  const auto followers = by_partition_.find(&partition);
  if (followers == by_partition_.end()) return;
  for (const Place place : followers->second) line_up(place);
  pump();
}

bool Subscriptions::ready(const Subscription& subscription) {
  if (subscription.reading) return false;
  if (subscription.partition->gone()) return true;  // that is told without credit, too
  return subscription.credit_bytes > 0 && subscription.next < subscription.partition->high_watermark();
}

void Subscriptions::line_up(Place place) {
  if (place->in_line || !ready(*place)) return;
  place->in_line = true;
  ready_.splice(ready_.end(), idle_, place);
}

void Subscriptions::pump() {
  if (pumping_) return;
  pumping_ = true;
  deliver_in_turn();
  pumping_ = false;
  output_.pumped();
}

void Subscriptions::deliver_in_turn() {
  turn_bytes_ = 0;
  while (!ready_.empty()) {
    if (turn_bytes_ >= kTurnBytesMax) return go_on_later();
    const Room room = output_.room();
    if (room.bytes == 0) return;
    const Place place = ready_.begin();
    idle_.splice(idle_.end(), ready_, place);
    place->in_line = false;
    if (!ready(*place)) continue;
    const std::uint32_t number = place->number;
    if (!serve(place, room)) {
      place->in_line = true;
      return ready_.splice(ready_.begin(), idle_, place);
    }
    if (const auto found = by_number_.find(number); found != by_number_.end()) line_up(found->second);
  }
}

void Subscriptions::go_on_later() {
  if (std::exchange(goes_on_later_, true)) return;
  shard_.defer([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->goes_on_later_ = false;
    if (!self->closed_) self->pump();
  });
}

bool Subscriptions::serve(Place place, const Room& room) {
  Subscription& subscription = *place;
  if (subscription.partition->gone()) {
    take(place, Error(Errc::unknown_topic, "deleted"));
    return true;
  }
  const std::size_t bytes_max = std::min({static_cast<std::size_t>(subscription.credit_bytes), room.bytes, kDeliveryBytesMax});
  if (room.is_strict && room.bytes < subscription.refused_bytes) return false;
  const storage::ReadHint hint = subscription.hint;
  auto batches = fetch(subscription, bytes_max, room.is_strict);
  if (batches.has_error() && batches.error().code == Errc::would_block) {
    if (!room.is_strict) read_blocking(subscription, bytes_max);
    return !room.is_strict;
  }
  if (batches.has_value() && room.is_strict && batches->bytes > room.bytes) {
    subscription.refused_bytes = batches->bytes;
    subscription.hint = hint;
    return false;
  }
  take(place, std::move(batches));
  return true;
}

Result<storage::ReadBatches> Subscriptions::fetch(Subscription& subscription, std::size_t bytes_max, bool is_strict) const {
  storage::PartitionLog& log = subscription.partition->log();
  const Offset end = subscription.partition->high_watermark();
  // An entry of the index is seldom as near as strict room is small.
  if (output_.sends_files && !is_strict) {
    if (auto located = log.locate(subscription.next, end, bytes_max, subscription.hint)) return std::move(*located);
  }
  return log.read(subscription.next, end, bytes_max, storage::ReadMode::cached_only, subscription.hint);
}

void Subscriptions::take(Place place, Result<storage::ReadBatches> batches) {
  if (batches.has_error()) {
    const std::uint32_t number = place->number;
    erase(place);
    return output_.ended(number, batches.error());
  }
  if (place->at_tail) observe_latency(*batches);
  const Offset high_watermark = place->partition->high_watermark();
  const std::int64_t records = batches->next_offset.value() - place->next.value();
  place->next = batches->next_offset;
  place->refused_bytes = 0;
  place->at_tail = place->next == high_watermark;
  place->credit_bytes -= static_cast<std::int64_t>(batches->bytes);
  turn_bytes_ += batches->bytes;
  const std::shared_ptr<Partition> partition = place->partition;  // the subscription may end in there
  output_.deliver({place->number, std::move(batches).value(), high_watermark, *partition, records});
}

void Subscriptions::observe_latency(const storage::ReadBatches& batches) const {
  if (batches.chunks.empty() || batches.chunks.front().size() < record::kBatchHeaderBytes) return;
  const auto made_ms = load_be<TimestampMs>(batches.chunks.front().span().data() + record::field::kMaxTimestamp);
  shard_.metrics().observe_delivery(output_.transport, made_ms, SystemClock().wall_ms());
}

void Subscriptions::report_lag(LagReport& report) const {
  for (const auto& [number, place] : by_number_) {
    const Partition& partition = *place->partition;
    if (!partition.gone()) report.note(output_.client, partition.id().topic, place->next, partition.high_watermark());
  }
}

void Subscriptions::read_blocking(Subscription& subscription, std::size_t bytes_max) {
  subscription.reading = true;
  // However little is asked for, a whole batch comes.
  const std::size_t counted_bytes = std::max(bytes_max, subscription.partition->log().batch_bytes_max());
  reading_bytes_ += counted_bytes;
  broker_.post_blocking([weak = weak_from_this(), &shard = shard_, number = subscription.number,
                         partition = subscription.partition, from = subscription.next, hint = subscription.hint, bytes_max,
                         counted_bytes]() mutable {
    auto batches = partition->log().read(from, partition->high_watermark(), bytes_max, storage::ReadMode::blocking, hint);
    shard.post([weak, number, partition, from, hint, counted_bytes, batches = std::move(batches)]() mutable {
      const auto self = weak.lock();
      if (!self || self->closed_) return;
      self->reading_bytes_ -= counted_bytes;
      const auto found = self->by_number_.find(number);
      // The number may have been given to another subscription meanwhile.
      const bool is_its = found != self->by_number_.end() && found->second->partition == partition && found->second->reading;
      if (!is_its) return self->pump();
      found->second->reading = false;
      if (found->second->next == from) {
        found->second->hint = hint;
        self->take(found->second, std::move(batches));
      }
      if (const auto still = self->by_number_.find(number); still != self->by_number_.end()) self->line_up(still->second);
      self->pump();
    });
  });
}

}  // namespace leat::server
