#include "storage/io/open_files.hpp"

#include <sys/stat.h>

#include <vector>

#include "protocol/base/assert.hpp"
#include "storage/io/pooled_file.hpp"

namespace leat::storage {
namespace {

bool is_removed_file(const FileDescriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && status.st_nlink == 0;
}

}  // namespace

OpenFiles::OpenFiles(FileSystem& fs, std::size_t files_max) : fs_(fs), files_max_(files_max) { LEAT_ASSERT(files_max > 0); }

template <class Take>
auto OpenFiles::take_first(Files& files, Take take) {
  decltype(take(*files.front())) taken{};
  // Twice round: the first may only end second chances.
  for (std::size_t looks = 2 * files.size(); looks > 0 && !taken; --looks) {
    files.splice(files.end(), files, files.begin());
    taken = take(*files.back());
  }
  return taken;
}

std::shared_ptr<const FileDescriptor> OpenFiles::share(const File& file) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->count == kSharedMax) return nullptr;
    ++shared_->count;
  }
  const auto let_go = [shared = shared_](const FileDescriptor* descriptor) {
    std::unique_ptr<const FileDescriptor> owned(descriptor);
    const bool is_removed = owned->is_open() && is_removed_file(*owned);
    if (!is_removed) owned.reset();
    const std::lock_guard lock(shared->mutex);
    if (is_removed) {
      shared->let_go.push_back(std::move(owned));
    } else {
      --shared->count;
    }
  };
  std::shared_ptr<const FileDescriptor> shared(new FileDescriptor(file.duplicate()), let_go);
  return shared->is_open() ? shared : nullptr;
}

void OpenFiles::close_let_go() {
  std::vector<std::unique_ptr<const FileDescriptor>> closing;
  {
    const std::lock_guard lock(shared_->mutex);
    closing.swap(shared_->let_go);
  }
  const auto closed = static_cast<int>(closing.size());
  closing.clear();
  const std::lock_guard lock(shared_->mutex);
  shared_->count -= closed;
}

void OpenFiles::take_place() {
  std::unique_lock lock(mutex_);
  ++waiting_;  // before looking: who lets go of a file that was looked at in vain sees it, and wakes this thread
  while (places_taken_ == files_max_) {
    if (auto closing = take_first(clean_, [](PooledFile& file) { return file.take_if_idle(); })) {
      clean_.pop_back();
      --waiting_;
      lock.unlock();
      closing.reset();
      return;  // in the place of the one that was closed
    }
    if (PooledFile* dirty = take_first(dirty_, [](PooledFile& file) { return file.hold_if_idle(); })) {
      sync_held(*dirty, lock);
      continue;
    }
    changed_.wait(lock);
  }
  --waiting_;
  ++places_taken_;
}

void OpenFiles::sync_held(PooledFile& dirty, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  // Its error stays with the file, for whoever next counts on it; it may be closed then, too.
  (void)dirty.sync();
  lock.lock();
  dirty.let_go();
  changed_.notify_all();
}

void OpenFiles::close_unused() {
  close_let_go();
  std::unique_lock lock(mutex_);
  // Each is looked at once; those that come or move meanwhile are behind.
  for (std::size_t looks = dirty_.size(); looks > 0 && !dirty_.empty(); --looks) {
    dirty_.splice(dirty_.end(), dirty_, dirty_.begin());
    if (PooledFile* dirty = dirty_.back()->hold_if_idle()) sync_held(*dirty, lock);
  }
  std::vector<std::unique_ptr<File>> closing;
  for (auto file = clean_.begin(); file != clean_.end();) {
    auto closed = (*file)->take_if_idle();
    file = closed ? clean_.erase(file) : std::next(file);
    if (closed) closing.push_back(std::move(closed));
  }
  lock.unlock();
  const std::size_t places = closing.size();
  if (places == 0) return;
  closing.clear();
  lock.lock();
  places_taken_ -= places;
  lock.unlock();
  changed_.notify_all();
}

void OpenFiles::give_place_back() {
  {
    const std::lock_guard lock(mutex_);
    --places_taken_;
  }
  changed_.notify_all();
}

void OpenFiles::let_go() {
  if (waiting_.load() == 0) return;
  { const std::lock_guard lock(mutex_); }
  changed_.notify_all();
}

}  // namespace leat::storage
