#include "simulation/simulated_file.hpp"

#include <cerrno>

#include "storage/io/direct_alignment.hpp"
#include "storage/io/io_error.hpp"

namespace leat::simulation {

Result<std::size_t> SimulatedFile::read_at(FilePosition at, MutableByteSpan into, storage::ReadMode /*mode*/) {
  if (options_.direct_sync) storage::assert_direct_alignment(at, into);
  return disk_.state_.files[number_]->current().read(at.value(), into);
}

Result<void> SimulatedFile::write_at(FilePosition at, std::span<const ByteSpan> pieces) {
  if (options_.direct_sync) storage::assert_direct_alignment(at, pieces);
  if (options_.read_only) return storage::io_error("write", path_, EBADF);
  std::vector<std::byte> bytes;
  for (const ByteSpan piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  if (bytes.empty()) return ok();
  const ContentChange write{ContentChange::Kind::write, at.value(), SharedBytes(std::move(bytes))};
  return disk_.perform(options_.direct_sync ? "direct_write" : "write", path_,
                       SimulatedDisk::FileChange{number_, write, options_.direct_sync});
}

Result<void> SimulatedFile::sync() { return disk_.perform("sync", path_, SimulatedDisk::FileSync{number_}); }

Result<std::uint64_t> SimulatedFile::size() { return disk_.state_.files[number_]->current().size(); }

Result<TimestampMs> SimulatedFile::modified_ms() { return disk_.state_.files[number_]->modified_ms(); }

Result<void> SimulatedFile::truncate(std::uint64_t bytes) {
  if (options_.read_only) return storage::io_error("truncate", path_, EINVAL);
  const ContentChange resize{ContentChange::Kind::resize, bytes};
  return disk_.perform("truncate", path_, SimulatedDisk::FileChange{number_, resize, false});
}

}  // namespace leat::simulation
