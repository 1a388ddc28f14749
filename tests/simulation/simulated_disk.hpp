#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/base/clock.hpp"
#include "simulation/simulated_contents.hpp"
#include "simulation/simulated_names.hpp"
#include "storage/io/file_system.hpp"

namespace leat::simulation {

/// Which of the changes that were not durable a crash spares.
class CrashChoice {
 public:
  /// A power loss that spares nothing.
  static CrashChoice lose_everything_unsynced() { return CrashChoice(Kind::lose_everything, 0); }
  /// The death of the process alone: the page cache stays, and what was not durable is still not.
  static CrashChoice keep_everything() { return CrashChoice(Kind::keep_everything, 0); }
  /// A power loss that spares what the seed draws.
  static CrashChoice random(std::uint64_t seed) { return CrashChoice(Kind::random, seed); }

  /// For a failing test to print.
  [[nodiscard]] std::string describe() const;

 private:
  friend class SimulatedDisk;
  enum class Kind { lose_everything, keep_everything, random };
  CrashChoice(Kind kind, std::uint64_t seed) : kind_(kind), seed_(seed) {}

  Kind kind_;
  std::uint64_t seed_;
};

/// A disk in memory that forgets what was not synced. Deterministic; one thread, together with all disks that came from its
/// crashes. It must outlive the files it opened, as far as they are used.
///
/// The fault model. At a power loss, seen from the last sync of the file or directory:
/// - Each unsynced write is kept, lost, or torn: some of its 512-byte sectors are kept, a prefix, a suffix or any. A write may
/// survive
///   without an earlier one. Both also happen in order: a prefix of the writes survives, the next one torn.
/// - A size that a lost or torn write gave the file may survive; what was not written there reads as zeros. It may be lost while
///   later writes survive. Truncations are kept or lost.
/// - A write to a direct_sync file is durable once it returned. A crash within it tears it as any other.
/// - sync() of a file says nothing of its name. A file or directory created, renamed or removed since the last sync_directory of
/// its
///   directory may be there or not; a rename is either done or not, and what it replaced is there if it is not. Changes to the
///   name of one file survive in order, those of different files in any.
/// - A file without a name is gone, synced or not; so is everything below a directory without one.
/// Faults while running, drawn from the number of the operation:
/// - A failing write leaves a prefix in the page cache (direct_sync: any sectors on the medium).
/// - After a failed sync, what was unsynced is lost at the next power loss, even though reads show it and later syncs succeed.
/// - Other operations fail without effect. Reads never fail; cached_only never blocks.
/// - A full disk takes the prefix of a write that fits. Holes and names take no room.
/// - corrupt() flips bits at rest.
/// Not modelled: bit flips of its own accord, misdirected writes, a sector that lies after a successful sync.
class SimulatedDisk final : public storage::FileSystem {
 public:
  /// Called before the operation with this number, counted from 0, takes effect. `name` is one of create, create_directory,
  /// write, direct_write, truncate, sync, rename, remove, sync_directory. It may crash() the disk, schedule a fault or corrupt,
  /// but not operate on it.
  using OperationHook = std::function<void(std::uint64_t index, std::string_view name)>;

  // FileSystem
  Result<std::unique_ptr<storage::File>> open(const storage::Path& path, const storage::OpenOptions& options) override;
  Result<void> rename(const storage::Path& from, const storage::Path& to) override;
  Result<void> remove_file(const storage::Path& path) override;
  /// One operation for each file and directory.
  Result<void> remove_tree(const storage::Path& path) override;
  /// One operation for each directory.
  Result<void> create_directories(const storage::Path& path) override;
  Result<void> sync_directory(const storage::Path& path) override;
  Result<std::vector<storage::DirectoryEntry>> list(const storage::Path& directory) override;
  Result<bool> exists(const storage::Path& path) override;
  Result<storage::Space> space(const storage::Path& path) override;
  /// Creates the file LOCK as the real one does. Crashed disks are not locked.
  Result<std::unique_ptr<storage::DirectoryLock>> lock(const storage::Path& directory) override;

  void on_operation(OperationHook hook) { hook_ = std::move(hook); }
  /// State-changing operations so far; within the hook the one about to happen is not counted yet.
  [[nodiscard]] std::uint64_t operation_count() const { return operation_count_; }

  /// The disk as it is found after a crash at this moment: independent of this one, without hook, faults and locks, its
  /// operations counted from 0, its capacity the same. Within the hook the operation about to happen is in flight: one more
  /// change that is not durable.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> crash(const CrashChoice& choice) const;

  /// Makes the operation fail that comes `index` operations after the next one (0: the next; within the hook, the one about to
  /// happen), and every later one if for_good. Replaces a fault scheduled before.
  void fail_operation(std::uint64_t index, Errc code, bool for_good);
  /// What files' modification times are told by, for as long as it lives; crashed disks have none.
  void set_clock(const Clock& clock) { clock_ = &clock; }
  /// No further operation fails.
  void clear_fault() { fault_.reset(); }
  /// From now on `free_bytes` are free, less what is written (in pages of 4 KiB), plus what is removed. Unlimited until first
  /// called.
  void set_space(std::uint64_t free_bytes, std::uint64_t total_bytes);
  /// Flips the bits of `mask` in one byte that the file has, on the medium and in the page cache. The file exists.
  void corrupt(const storage::Path& path, FilePosition at, std::byte mask);
  /// A line for each file and directory, for a failing test to print: path, size, and the durable size where it differs.
  [[nodiscard]] std::string dump() const;

 private:
  friend class SimulatedFile;
  friend class SimulatedLock;

  struct FileChange {
    std::size_t file;
    ContentChange change;
    bool direct_sync;
  };
  struct FileSync {
    std::size_t file;
  };
  struct DirectorySync {
    std::size_t directory;
  };
  using Operation = std::variant<FileChange, FileSync, NameChange, DirectorySync>;
  struct Fault {
    std::uint64_t at;
    Errc code;
    bool for_good;
  };
  struct Room {
    std::uint64_t capacity_bytes;
    std::uint64_t total_bytes;
  };
  struct State {
    SimulatedNames names;
    std::vector<std::shared_ptr<SimulatedContents>> files;  ///< by number; null where a crash left no name
    std::optional<Room> room;
  };

  /// Announces the operation to the hook, then carries it out or fails.
  Result<void> perform(std::string_view name, const storage::Path& path, const Operation& operation);
  void apply(const FileChange& operation);
  void apply(const FileSync& operation) { writable(operation.file).sync(); }
  void apply(const NameChange& operation) { state_.names.apply(operation); }
  void apply(const DirectorySync& operation) { state_.names.sync(operation.directory); }
  void fail(const FileChange& operation);
  void fail(const FileSync& operation) { writable(operation.file).fail_sync(); }
  void fail(const NameChange&) {}
  void fail(const DirectorySync& operation) { state_.names.fail_sync(operation.directory); }
  Result<void> check_room(std::string_view name, const storage::Path& path, const Operation& operation);

  void leave_in_flight_unsynced(const Operation& operation);
  [[nodiscard]] State after_power_loss(PowerLoss* loss) const;

  [[nodiscard]] std::optional<Node> find(const storage::Path& path) const;
  /// Where the path's last name is, or would be: the error when its directory does not exist.
  Result<Place> place_of(std::string_view operation, const storage::Path& path) const;
  Result<std::size_t> directory_at(std::string_view operation, const storage::Path& path) const;
  Result<void> remove_node(const storage::Path& path, const Place& place, const Node& node);
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] std::uint64_t free_bytes() const;
  SimulatedContents& writable(std::size_t file);

  State state_;
  std::shared_ptr<std::vector<std::size_t>> locked_ = std::make_shared<std::vector<std::size_t>>();
  OperationHook hook_;
  const Operation* in_flight_ = nullptr;
  const Clock* clock_ = nullptr;
  std::optional<Fault> fault_;
  std::uint64_t operation_count_ = 0;
};

}  // namespace leat::simulation
