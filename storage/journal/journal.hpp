#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/io/file_system.hpp"
#include "storage/journal/commit_group.hpp"
#include "storage/journal/journal_files.hpp"

namespace leat::storage {

struct JournalOptions {
  std::uint64_t file_bytes = 64U << 20;
  std::size_t files_max = 8;
};

/// What makes an acknowledgement true: groups of batches of all partitions, written one after the other into files that were
/// zeroed once and are reused for ever, so that a write changes no metadata and costs one trip to the disk.
///
/// A file takes groups only once a checkpoint names it, so that recovery knows which files must be there.
///
/// write() is one thread's; everything else may run beside it on another. After a failed write nothing more is written: the owner
/// must stop acknowledging.
class Journal {
 public:
  /// Takes over the journal's files in `directory`, all of them free: what they held must have been replayed and synced into the
  /// segments. Groups get `epoch`, which no group of an earlier opening had. Creates the first file when there is none. Nothing
  /// can be written before note_recorded().
  static Result<std::unique_ptr<Journal>> open(FileSystem& fs, Path directory, JournalOptions options, std::uint64_t epoch);

  /// Durable on return: all of the group. journal_full when no recorded file is free: the same group may be tried again after
  /// recycle() or note_recorded(). Any other error is for good.
  Result<void> write(CommitGroup& group);

  /// The groups up to this sequence are in synced segments: files that hold no later one are free again.
  void recycle(std::uint64_t up_to_sequence);
  /// Adds and zeroes a file when no free one is left and there may be more; true when it did. Slow: for a background thread.
  /// After storage_full everything is as before; any other error is for good.
  Result<bool> add_spare();
  /// The files that there are, for a checkpoint to name.
  [[nodiscard]] JournalFileSet file_set() const;
  /// A checkpoint that names these files is durable.
  void note_recorded(const JournalFileSet& recorded);

  /// Files that hold groups still needed, without the one being filled: what a checkpoint would free. A file that had no room for
  /// a group when no other was free is not being filled any more.
  [[nodiscard]] std::size_t full_files() const;
  [[nodiscard]] std::size_t free_files() const;
  [[nodiscard]] std::size_t files() const;
  [[nodiscard]] std::uint64_t written_sequence() const;

  /// The largest group (with headers) that fits in a file.
  static std::uint64_t group_bytes_max(const JournalOptions& options);

 private:
  struct JournalFile {
    std::unique_ptr<File> file;
    std::uint64_t number = 0;
    std::uint64_t last_sequence = 0;  ///< 0: holds nothing that is needed
    bool recorded = false;            ///< the checkpoint names it
  };

  Journal(FileSystem& fs, Path directory, JournalOptions options, std::uint64_t epoch)
      : fs_(fs), directory_(std::move(directory)), options_(options), epoch_(epoch) {}

  [[nodiscard]] Path unfinished_path(std::uint64_t number) const;
  Result<std::unique_ptr<JournalFile>> create_file(std::uint64_t number);
  Result<void> rotate();
  [[nodiscard]] bool is_spare(const JournalFile& file) const { return file.last_sequence == 0 && &file != current_; }

  FileSystem& fs_;
  const Path directory_;
  const JournalOptions options_;
  const std::uint64_t epoch_;

  mutable std::mutex mutex_;  ///< over files_ and current_; never held during a disk operation
  std::vector<std::unique_ptr<JournalFile>> files_;
  JournalFile* current_ = nullptr;
  bool adding_ = false;
  std::uint64_t position_ = 0;  ///< of the next group in the current file; the writing thread's own
  std::uint64_t written_sequence_ = 0;
};

}  // namespace leat::storage
