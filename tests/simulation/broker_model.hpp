#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/sent_batch.hpp"
#include "storage/store.hpp"

namespace leat::simulation {

struct ModelBatch {
  SentBatch sent;
  Offset base;
  Offset next;
  std::uint32_t crc = 0;
};

/// What one partition was given, from its first offset on.
struct ModelLog {
  std::vector<ModelBatch> batches;
  std::size_t acknowledged = 0;  ///< this many of the batches, at the level of the topic
  Offset acknowledged_start;     ///< the log starts here or later, for good

  [[nodiscard]] Offset next_offset() const { return batches.empty() ? Offset(0) : batches.back().next; }
  /// The sequence that this producer's next batch has.
  [[nodiscard]] std::int32_t next_sequence(ProducerId producer) const;
  [[nodiscard]] std::size_t unacknowledged(ProducerId producer) const;
  void acknowledge(Offset end);
};

/// What a crash at one moment must leave of a partition.
struct LogPromise {
  Offset durable_end;  ///< everything before survives whatever happens
  Offset written_end;  ///< everything before survives the death of the process
  Offset log_start;    ///< the recovered log starts here or earlier
};
using Promise = std::map<LogId, LogPromise>;

enum class Crash { power_loss, process_death };

/// All that a broker has answered. A value: a crash point that goes on after its recovery does so on a copy.
struct BrokerModel {
  std::map<std::string, std::vector<LogId>> topics;
  std::set<std::string> uncertain;  ///< topics whose creation, change or deletion was not answered, or with an error
  std::map<LogId, ModelLog> logs;
  ProducerId highest_producer{0};
};

/// Compares a store that was just opened with the model: every promised record is there once and in its place, nothing is that
/// was never sent, topics are what was acknowledged. With `decode` down to each record, else by offsets and checksums.
Result<void> check_recovered(const storage::Store& store, const BrokerModel& model, const Promise& promise, Crash crash,
                             bool decode);

/// Reads a log from its start to `end` and compares each batch with the model.
Result<void> check_contents(storage::PartitionLog& log, const ModelLog& model, Offset end, bool decode);

/// Sends a batch, new or again. Returns whether it was a duplicate; a wrong place for it is an Errc::internal error, as every
/// violation is.
Result<bool> send(storage::PartitionLog& log, ModelLog& model, const SentBatch& sent);

/// Brings everything staged to the disk, with checkpoints where the journal is full.
Result<void> drain(storage::Store& store);

/// What producers do after a crash: each sends again what was not acknowledged. What survived must be recognized, what did not is
/// appended; the model is brought in line with the store.
Result<void> resume(storage::Store& store, BrokerModel& model);

Error violation(const std::string& what);
std::string to_string(Offset offset);

}  // namespace leat::simulation
