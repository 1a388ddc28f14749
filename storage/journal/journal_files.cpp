#include "storage/journal/journal_files.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace leat::storage {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kUnfinished = ".tmp";
constexpr std::size_t kDigits = 8;

}  // namespace

std::string journal_file_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kPrefix) + digits;
}

Result<std::vector<std::uint64_t>> list_journal_files(FileSystem& fs, const Path& directory) {
  LEAT_ASSIGN(const auto entries, fs.list(directory));
  std::vector<std::uint64_t> numbers;
  for (const DirectoryEntry& entry : entries) {
    const std::string_view name = entry.name;
    if (!name.starts_with(kPrefix)) continue;
    if (name.ends_with(kUnfinished)) {
      LEAT_TRY(fs.remove_file(directory / entry.name));
      continue;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
    // Another spelling of a number is no file of ours: it would count as the one that has it.
    if (error == std::errc() && end == name.data() + name.size() && journal_file_name(number) == name) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace leat::storage
