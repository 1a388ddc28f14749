#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/base/result.hpp"
#include "storage/io/file_system.hpp"
#include "storage/journal/journal_files.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::storage {

/// An entry of a group that was read back; the batch points into the reader's memory until its next call.
struct JournalEntry {
  EntryHeader header;
  ByteSpan batch;
};

struct JournalGroup {
  std::uint64_t sequence = 0;
  std::vector<JournalEntry> entries;
};

/// Reads the groups of one epoch back in sequence, from all files of a journal. One thread.
///
/// The journal ends at the first group that is not whole: a write that the crash interrupted, never acknowledged. Should a later
/// group of the epoch exist after it, no crash explains that (there is one write at a time): Errc::corruption.
class JournalReader {
 public:
  /// `first_sequence` is the oldest group still needed; `files` are those that may hold groups. Errors: corruption when one of
  /// them is missing or has another size, or the first group is missing although later ones exist; unsupported_format; io_error.
  static Result<JournalReader> open(FileSystem& fs, const Path& directory, const JournalFileSet& files, std::uint64_t epoch,
                                    std::uint64_t first_sequence);

  /// The next group, nullopt at the journal's end.
  Result<std::optional<JournalGroup>> next();

 private:
  struct Source {
    std::unique_ptr<File> file;
    std::uint64_t bytes = 0;
    std::uint64_t first_sequence = 0;
  };

  JournalReader(std::uint64_t epoch, std::uint64_t first_needed) : epoch_(epoch), first_needed_(first_needed) {}

  Result<void> add_source(FileSystem& fs, const Path& directory, std::uint64_t number, std::uint64_t expected_bytes);
  /// The group at a position: torn_tail when there is no whole group of this epoch.
  Result<GroupHeader> peek(Source& source, std::uint64_t position);
  Result<JournalGroup> read_group(Source& source, std::uint64_t position, const GroupHeader& header);
  Result<void> check_nothing_follows();
  /// The journal ends before `expected_sequence_`, so no group with this sequence or a later one may be in the file.
  Result<void> check_has_none(Source& source, std::uint64_t from_position, std::uint64_t sequence_min);
  [[nodiscard]] Error damaged(const Source& source) const;

  const std::uint64_t epoch_;
  const std::uint64_t first_needed_;
  std::vector<Source> sources_;   ///< by first sequence
  std::vector<Source> headless_;  ///< those that begin with no whole group of this epoch
  std::size_t current_ = 0;
  std::uint64_t position_ = kJournalFileHeaderBytes;
  std::uint64_t expected_sequence_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace leat::storage
