#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulation/simulated_disk.hpp"
#include "storage/io/aligned_buffer.hpp"

namespace leat::simulation {

inline constexpr std::uint64_t kCrashSeeds = 400;

/// A simulated disk, and verbs to write on it and to look at what crashes leave.
class SimulatedDiskTest : public testing::Test {
 protected:
  /// A synced directory /d holding nothing.
  SimulatedDiskTest() {
    disk.create_directories("/d").value();
    disk.sync_directory("/").value();
  }

  std::unique_ptr<storage::File> open(const storage::Path& path, bool direct_sync = false) {
    return disk.open(path, {.existence = storage::OpenOptions::Existence::either, .direct_sync = direct_sync}).value();
  }
  static Result<void> try_write(storage::File& file, std::uint64_t at, std::string_view text) {
    const ByteSpan piece = as_bytes(text);
    return file.write_at(FilePosition(at), {&piece, 1});
  }
  static void write(storage::File& file, std::uint64_t at, std::string_view text) { try_write(file, at, text).value(); }
  static Result<void> write_direct(storage::File& file, std::uint64_t at, std::size_t size, char with) {
    storage::AlignedBuffer buffer(size);
    std::ranges::fill(buffer.span(), std::byte(with));
    return file.write_at(FilePosition(at), std::vector<ByteSpan>{buffer.span()});
  }
  /// Contents and name durable.
  std::unique_ptr<storage::File> create_durable(const storage::Path& path, std::string_view text) {
    auto file = open(path);
    write(*file, 0, text);
    file->sync().value();
    disk.sync_directory(path.parent_path()).value();
    return file;
  }
  static std::string contents(SimulatedDisk& of, const storage::Path& path) {
    return std::string(as_text(storage::read_file(of, path, 1 << 20).value()));
  }
  /// What the file may hold after a crash now, over many draws; "(none)" where it is gone.
  std::set<std::string> possible(const storage::Path& path) {
    std::set<std::string> found;
    for (std::uint64_t seed = 0; seed < kCrashSeeds; ++seed) {
      const auto after = disk.crash(CrashChoice::random(seed));
      found.insert(after->exists(path).value() ? contents(*after, path) : "(none)");
    }
    return found;
  }
  std::string after_losing_all(const storage::Path& path) {
    return contents(*disk.crash(CrashChoice::lose_everything_unsynced()), path);
  }
  std::string after_keeping_all(const storage::Path& path) { return contents(*disk.crash(CrashChoice::keep_everything()), path); }

  SimulatedDisk disk;
};

}  // namespace leat::simulation
