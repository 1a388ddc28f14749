#pragma once

#include "simulation/simulated_disk.hpp"

namespace leat::simulation {

/// A file opened on a SimulatedDisk; like any other, it stays usable when its name is gone.
class SimulatedFile final : public storage::File {
 public:
  SimulatedFile(SimulatedDisk& disk, std::size_t number, storage::Path path, const storage::OpenOptions& options)
      : disk_(disk), number_(number), path_(std::move(path)), options_(options) {}

  Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, storage::ReadMode mode) override;
  Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) override;
  Result<void> sync() override;
  Result<std::uint64_t> size() override;
  Result<TimestampMs> modified_ms() override;
  Result<void> truncate(std::uint64_t bytes) override;
  [[nodiscard]] const storage::Path& path() const override { return path_; }

 private:
  SimulatedDisk& disk_;
  std::size_t number_;
  storage::Path path_;
  storage::OpenOptions options_;
};

}  // namespace leat::simulation
