#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/io/file_system.hpp"

namespace leat::storage {

class PooledFile;

/// The descriptors that the segments and indexes of a store share: never more than files_max are open. At the bound the file that
/// was unused for longest makes room (second chance, so that using an open file takes no lock that files share), before all
/// others one whose writes are synced; one with unsynced writes is synced first, as an error that the kernel notes after the
/// close is told to nobody. When all are in use, the next one waits. Any thread.
class OpenFiles {
 public:
  OpenFiles(FileSystem& fs, std::size_t files_max);
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  /// So many descriptors may be shared with those who send from files, besides files_max.
  static constexpr int kSharedMax = 16;

  [[nodiscard]] FileSystem& fs() const { return fs_; }
  /// Closes the files that nobody has used since the last call, or only to open them, so that what is at rest holds no
  /// descriptor; those with unsynced writes are synced first. Shared descriptors of removed files, too: closing the last one of a
  /// large file takes the file system a second.
  void close_unused();

 private:
  friend class PooledFile;
  using Files = std::list<PooledFile*>;

  /// Another descriptor of a file, counted until its last owner is gone; null at the limit.
  std::shared_ptr<const FileDescriptor> share(const File& file);
  void close_let_go();
  /// Returns when one more file may be opened.
  void take_place();
  /// Syncs and lets go of a file that hold_if_idle gave; the lock is let go of meanwhile.
  void sync_held(PooledFile& dirty, std::unique_lock<std::mutex>& lock);
  void give_place_back();
  /// The front of the list goes to its back until `taken` has one.
  template <class Take>
  auto take_first(Files& files, Take take);
  /// A file was let go of: somebody may be waiting for it.
  void let_go();

  FileSystem& fs_;
  const std::size_t files_max_;
  struct Shared {
    std::mutex mutex;
    int count = 0;
    std::vector<std::unique_ptr<const FileDescriptor>> let_go;  ///< of removed files; they count
  };
  /// Of its own owner: the descriptors may outlive this.
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();

  std::mutex mutex_;  ///< over the lists; taken before a file's own; never held during a disk operation
  std::condition_variable changed_;
  std::atomic<int> waiting_{0};   ///< who wants a place, or a file to be let go of
  std::size_t places_taken_ = 0;  ///< by files that are open, being opened or being closed
  Files clean_;                   ///< open, all writes synced; newest behind
  Files dirty_;                   ///< open, with unsynced writes
};

}  // namespace leat::storage
