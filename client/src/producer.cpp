#include "leat/producer.hpp"

#include <utility>

#include "client/src/completion.hpp"
#include "client/src/core.hpp"
#include "client/src/owned_record.hpp"
#include "client/src/producer_core.hpp"
#include "protocol/record/murmur2.hpp"

namespace leat {

using client::Completion;
using client::ProducerCore;
using client::RoomWaiter;

struct Producer::OwnedRecord {
  std::shared_ptr<const client::OwnedRecord> record;
};

namespace {

/// Lets the user's cancellation take the waiter out of the queue for room, if it is still there.
template <class T>
void cancel_waiting(Completion<T>& done, ProducerCore& core, const std::shared_ptr<RoomWaiter>& waiter) {
  done.on_cancel([weak_core = core.weak_from_this(), weak_waiter = std::weak_ptr(waiter)] {
    const auto alive = weak_core.lock();
    const auto waiting = weak_waiter.lock();
    if (!alive || !waiting) return;
    if (const auto withdrawn = alive->buffer().withdraw(waiting)) withdrawn->accepted(Error(Errc::cancelled));
  });
}

}  // namespace

Producer::Producer(Client& client, const ProducerOptions& options)
    : core_(std::make_shared<ProducerCore>(client.core(), options)) {
  core_->open();
}

Producer::~Producer() { core_->close(); }

void Producer::close() { core_->close(); }

Result<void> Producer::try_send(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback) {
  return core_->buffer().try_accept(topic, record, std::move(callback));
}

Result<void> Producer::send(std::string_view topic, const OutgoingRecord& record, DeliveryCallback callback) {
  core_->core().assert_may_block();
  return core_->buffer().accept_blocking(topic, record, std::move(callback));
}

Result<Delivery> Producer::publish(std::string_view topic, const OutgoingRecord& record) {
  core_->core().assert_may_block();
  return client::wait_for<Delivery>(
      [&](Handler<Delivery> handler) { start_publish(*core_, own(topic, record), std::move(handler)); });
}

Result<void> Producer::flush() {
  core_->core().assert_may_block();
  return client::wait_for<void>([&](Handler<void> handler) { start_flush(*core_, std::move(handler)); });
}

std::size_t Producer::buffered_bytes() const { return core_->buffer().buffered_bytes(); }

Producer::OwnedRecordPtr Producer::own(std::string_view topic, const OutgoingRecord& record) {
  return std::make_shared<const OwnedRecord>(OwnedRecord{client::OwnedRecord::copy(topic, record)});
}

void Producer::start_send(ProducerCore& core, const OwnedRecordPtr& record, DeliveryCallback callback, Handler<void> handler) {
  auto waiter = std::make_shared<RoomWaiter>();
  auto done = core.core().completion(std::move(handler));
  cancel_waiting(done, core, waiter);
  waiter->record = record->record;
  waiter->callback = std::move(callback);
  waiter->accepted = [done = std::move(done)](Result<void> accepted) mutable { done.post(std::move(accepted)); };
  core.buffer().accept_when_room(std::move(waiter));
}

void Producer::start_publish(ProducerCore& core, const OwnedRecordPtr& record, Handler<Delivery> handler) {
  auto waiter = std::make_shared<RoomWaiter>();
  const auto done = std::make_shared<Completion<Delivery>>(core.core().completion(std::move(handler)));
  cancel_waiting(*done, core, waiter);
  waiter->record = record->record;
  waiter->callback = [done](const Result<Delivery>& delivery) { done->post(delivery); };
  waiter->accepted = [done](const Result<void>& accepted) {
    if (accepted.has_error()) done->post(accepted.error());
  };
  core.buffer().accept_when_room(std::move(waiter));
}

void Producer::start_flush(ProducerCore& core, Handler<void> handler) { core.flush(core.core().completion(std::move(handler))); }

PartitionId partition_for_key(ByteSpan key, std::int32_t partitions) { return record::partition_for_key(key, partitions); }

}  // namespace leat
