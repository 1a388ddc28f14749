#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/io/file_system.hpp"
#include "storage/journal/journal_files.hpp"
#include "storage/log/log_recovery.hpp"

namespace leat::storage {

/// Where recovery begins: which journal groups are still needed, and for every partition what its synced segments hold. The file
/// is replaced as a whole, so that it always speaks of one moment.
struct Checkpoint {
  std::uint64_t epoch = 0;                  ///< of the journal groups that belong to it
  std::uint64_t first_needed_sequence = 1;  ///< of that epoch
  bool clean = false;                       ///< written at the end of an orderly shutdown: nothing to scan or replay
  JournalFileSet journal;                   ///< that hold the groups, or will
  std::vector<RecoveryPoint> points;
};

/// Durable on return.
Result<void> save_checkpoint(FileSystem& fs, const Path& path, const Checkpoint& checkpoint);
/// corruption when the file is damaged, unsupported_format when another version wrote it.
Result<Checkpoint> load_checkpoint(FileSystem& fs, const Path& path);

}  // namespace leat::storage
