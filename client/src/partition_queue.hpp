#pragma once

#include <chrono>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/src/backoff.hpp"
#include "client/src/outgoing_batch.hpp"
#include "client/src/owned_record.hpp"
#include "client/src/send_window.hpp"
#include "protocol/base/uuid.hpp"

namespace leat::client {

struct TopicQueue;

/// One partition's records on their way out. The first group belongs to the RecordBuffer, under its lock, the second to the
/// core's executor. Lives as long as the producer.
struct PartitionQueue {
  PartitionQueue(TopicQueue& of, PartitionId number, int batches_max, Backoff retry)
      : topic(of), partition(number), window(batches_max), backoff(retry) {}

  TopicQueue& topic;
  const PartitionId partition;

  BatchPtr open;                ///< taking records
  std::deque<BatchPtr> closed;  ///< full or flushed, to be sent before it
  bool listed = false;          ///< the sender has been told that there is something to send
  enum class Wants { nothing, full_batches, records };
  Wants wants = Wants::records;  ///< what the sender would send at once

  SendWindow window;
  Backoff backoff;
  std::chrono::steady_clock::time_point resume_at{};
  bool in_line = false;  ///< waits for room at the broker
};

/// A record of a topic whose partitions are not known yet.
struct ParkedRecord {
  std::shared_ptr<const OwnedRecord> record;
  DeliveryCallback callback;
  std::size_t cost_bytes;
  std::chrono::steady_clock::time_point accepted_at;
  std::vector<std::shared_ptr<FlushBarrier>> barriers;
};

/// A topic's partitions as the producer knows them; divided as PartitionQueue is.
struct TopicQueue {
  explicit TopicQueue(std::string n, Backoff retry) : name(std::move(n)), backoff(retry) {}

  const std::string name;

  bool resolved = false;
  std::vector<std::unique_ptr<PartitionQueue>> partitions;
  std::size_t partition_count = 0;  ///< of those above; the others are of an earlier topic of this name
  std::size_t sticky = 0;           ///< where records without key go
  std::size_t batch_bytes_max = std::numeric_limits<std::size_t>::max();  ///< what the broker takes, as far as is known
  std::deque<ParkedRecord> parked;
  bool lookup_listed = false;

  TopicId id;
  bool looking_up = false;
  std::optional<std::chrono::steady_clock::time_point> lookup_at;  ///< to be tried again then
  std::optional<Error> lookup_error;                               ///< why it is not known yet
  Backoff backoff;
};

}  // namespace leat::client
