#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <type_traits>

#include "samples/batches.hpp"
#include "simulation/simulated_disk.hpp"
#include "simulation/temporary_directory.hpp"
#include "storage/io/posix_file_system.hpp"

/// The two disks that tests run over: `TYPED_TEST_SUITE(Suite, Disks, DiskNames)`.
namespace leat::storage {

struct RealDisk {
  simulation::TemporaryDirectory directory;
  PosixFileSystem fs;
  [[nodiscard]] Path root() const { return directory.path(); }
};

struct FakeDisk {
  simulation::SimulatedDisk fs;
  FakeDisk() { fs.create_directories(root()).value(); }
  [[nodiscard]] static Path root() { return "/data"; }
};

using Disks = testing::Types<RealDisk, FakeDisk>;

class DiskNames {
 public:
  template <class Disk>
  static std::string GetName(int) {
    return std::is_same_v<Disk, RealDisk> ? "Real" : "Simulated";
  }
};

// Verbs for a test that looks at files, or damages them.

inline Bytes contents_of(FileSystem& fs, const Path& path) { return read_file(fs, path, std::size_t{1} << 30).value(); }

inline void overwrite(FileSystem& fs, const Path& path, std::uint64_t at, ByteSpan bytes) {
  const auto file = fs.open(path, {.existence = OpenOptions::Existence::either}).value();
  file->write_at(FilePosition(at), std::array{bytes}).value();
}

inline void set_contents(FileSystem& fs, const Path& path, ByteSpan bytes) {
  const auto file = fs.open(path, {.existence = OpenOptions::Existence::either}).value();
  file->truncate(0).value();
  file->write_at(FilePosition(0), std::array{bytes}).value();
}

inline void flip_byte(FileSystem& fs, const Path& path, std::uint64_t at) {
  const std::byte flipped = contents_of(fs, path)[at] ^ std::byte{0xff};
  overwrite(fs, path, at, {&flipped, 1});
}

inline void cut(FileSystem& fs, const Path& path, std::uint64_t bytes) { fs.open(path, {}).value()->truncate(bytes).value(); }

}  // namespace leat::storage
