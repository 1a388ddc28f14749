#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/io/file_system.hpp"

namespace leat::storage {

/// The files that a checkpoint names: recovery must find each of them, of this size.
struct JournalFileSet {
  std::uint64_t file_bytes = 0;
  std::vector<std::uint64_t> numbers;

  friend bool operator==(const JournalFileSet&, const JournalFileSet&) = default;
};

/// "journal-00000007"
std::string journal_file_name(std::uint64_t number);

/// The numbers of the journal files in a directory, ascending. Unfinished ones (".tmp") are removed; any other name is left
/// alone.
Result<std::vector<std::uint64_t>> list_journal_files(FileSystem& fs, const Path& directory);

}  // namespace leat::storage
