#pragma once

#include <utility>
#include <vector>

#include "client/src/outgoing_batch.hpp"
#include "client/src/record_buffer.hpp"

namespace leat::client {

/// The records that are over, acknowledged or failed, until their callbacks have run. Collected apart from the calls, as a
/// callback may do anything with the producer. The core's executor only.
class FinishedRecords {
 public:
  void add(PartitionId partition, BatchPtr batch) { batches_.push_back({partition, std::move(batch)}); }
  /// One that never got into a batch.
  void add_failed(ParkedRecord record, Error error) { failed_.push_back({std::move(record), std::move(error)}); }

  /// Gives their room back to the buffer and then calls the callbacks.
  void deliver(RecordBuffer& buffer);

 private:
  struct Batch {
    PartitionId partition;
    BatchPtr batch;
  };
  std::vector<Batch> batches_;
  std::vector<RecordBuffer::Misplaced> failed_;
};

}  // namespace leat::client
