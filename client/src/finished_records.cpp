#include "client/src/finished_records.hpp"

#include <cstddef>

namespace leat::client {

void FinishedRecords::deliver(RecordBuffer& buffer) {
  if (batches_.empty() && failed_.empty()) return;
  auto batches = std::exchange(batches_, {});
  auto failed = std::exchange(failed_, {});
  std::size_t released = 0;
  for (const Batch& one : batches) released += one.batch->cost_bytes;
  for (const auto& one : failed) released += one.parked.cost_bytes;
  buffer.release(released);

  for (auto& [parked, error] : failed) {
    if (parked.callback) parked.callback(std::move(error));
  }
  for (Batch& one : batches) {
    OutgoingBatch& batch = *one.batch;
    for (PendingDelivery& delivery : batch.deliveries) {
      if (batch.error) {
        delivery.callback(*batch.error);
      } else {
        delivery.callback(Delivery{one.partition, batch.ack.base_offset + delivery.index, delivery.timestamp, batch.ack.level});
      }
    }
    batch.barriers.clear();  // a write may hold the batch for longer
    buffer.recycle(std::move(one.batch));
  }
}

}  // namespace leat::client
