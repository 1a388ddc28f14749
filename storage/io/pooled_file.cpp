#include "storage/io/pooled_file.hpp"

#include <algorithm>

namespace leat::storage {

FileLease::~FileLease() {
  if (file_ != nullptr) file_->give_back();
}

File& FileLease::operator*() const { return *file_; }

PooledFile::~PooledFile() {
  std::unique_ptr<File> closing;
  {
    std::unique_lock lock(files_->mutex_);
    // OpenFiles may be syncing it, to make room.
    ++files_->waiting_;
    files_->changed_.wait(lock, [this] { return !in_use(); });
    --files_->waiting_;
    closing = std::move(file_);
    if (closing) (listed_dirty_ ? files_->dirty_ : files_->clean_).erase(place_);
  }
  if (!closing) return;
  closing.reset();
  files_->give_place_back();
}

std::optional<FileLease> PooledFile::lease_if_open() {
  const std::lock_guard lock(mutex_);
  if (!file_) return std::nullopt;
  ++users_;
  used_ = true;
  return FileLease(*this);
}

void PooledFile::let_go() {
  const std::lock_guard lock(mutex_);
  --users_;
}

void PooledFile::give_back() {
  let_go();
  files_->let_go();
}

bool PooledFile::in_use() {
  const std::lock_guard lock(mutex_);
  return users_ > 0;
}

Result<FileLease> PooledFile::open(OpenOptions::Existence existence) {
  if (auto lease = lease_if_open()) return std::move(*lease);
  const std::lock_guard one_opener(opening_);
  if (auto lease = lease_if_open()) return std::move(*lease);
  files_->take_place();
  auto opened = files_->fs_.open(path_, {.existence = existence});
  if (opened.has_error()) {
    files_->give_place_back();
    return std::move(opened).error();
  }
  const std::lock_guard files_lock(files_->mutex_);
  const std::lock_guard lock(mutex_);
  place_ = files_->clean_.insert(files_->clean_.end(), this);
  listed_dirty_ = false;
  file_ = std::move(opened).value();
  users_ = 1;
  return FileLease(*this);
}

Result<FileLease> PooledFile::open(ReadMode mode) {
  if (mode == ReadMode::blocking) return open();
  if (auto lease = lease_if_open()) return std::move(*lease);
  return Error(Errc::would_block);
}

bool PooledFile::is_open() {
  const std::lock_guard lock(mutex_);
  return file_ != nullptr;
}

std::shared_ptr<const FileDescriptor> PooledFile::share() {
  const std::lock_guard lock(mutex_);
  if (auto shared = shared_.lock()) return shared;
  if (!file_) return nullptr;
  auto shared = files_->share(*file_);
  shared_ = shared;
  return shared;
}

Result<void> PooledFile::sync_written() {
  if (const auto lease = lease_if_open()) return (*lease)->sync();
  const std::lock_guard lock(mutex_);
  return sync_error_ ? Result<void>(*sync_error_) : ok();
}

void PooledFile::start_write_back_written() {
  if (const auto lease = lease_if_open()) (*lease)->start_write_back();
}

void PooledFile::start_write_back() { file_->start_write_back(); }

Result<std::size_t> PooledFile::read_at(FilePosition at, MutableByteSpan into, ReadMode mode) {
  return file_->read_at(at, into, mode);
}

Result<void> PooledFile::write_at(FilePosition at, std::span<const ByteSpan> pieces) {
  auto written = file_->write_at(at, pieces);
  note_write();
  return written;
}

Result<void> PooledFile::truncate(std::uint64_t bytes) {
  auto truncated = file_->truncate(bytes);
  note_write();
  return truncated;
}

Result<std::uint64_t> PooledFile::size() { return file_->size(); }
Result<TimestampMs> PooledFile::modified_ms() { return file_->modified_ms(); }

Result<void> PooledFile::sync() {
  std::uint64_t covered = 0;
  {
    const std::lock_guard lock(mutex_);
    covered = writes_;
  }
  const auto synced = file_->sync();
  const std::lock_guard files_lock(files_->mutex_);
  const std::lock_guard lock(mutex_);
  if (synced.has_error() && !sync_error_) sync_error_ = synced.error();
  synced_writes_ = std::max(synced_writes_, covered);
  // After a failed sync there is nothing left that another one could save.
  if (listed_dirty_ && (sync_error_ || synced_writes_ == writes_)) {
    listed_dirty_ = false;
    files_->clean_.splice(files_->clean_.end(), files_->dirty_, place_);
  }
  return sync_error_ ? Result<void>(*sync_error_) : ok();
}

void PooledFile::note_write() {
  {
    const std::lock_guard lock(mutex_);
    ++writes_;
    if (listed_dirty_) return;
  }
  const std::lock_guard files_lock(files_->mutex_);
  const std::lock_guard lock(mutex_);
  if (listed_dirty_) return;
  listed_dirty_ = true;
  files_->dirty_.splice(files_->dirty_.end(), files_->clean_, place_);
}

bool PooledFile::idle() { return users_ == 0 && !std::exchange(used_, false); }

std::unique_ptr<File> PooledFile::take_if_idle() {
  const std::lock_guard lock(mutex_);
  return idle() ? std::move(file_) : nullptr;
}

PooledFile* PooledFile::hold_if_idle() {
  const std::lock_guard lock(mutex_);
  if (!idle()) return nullptr;
  ++users_;
  return this;
}

}  // namespace leat::storage
