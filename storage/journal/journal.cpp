#include "storage/journal/journal.hpp"

#include <algorithm>
#include <array>

#include "protocol/base/assert.hpp"
#include "protocol/base/crc32c.hpp"
#include "storage/io/aligned_buffer.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::storage {
namespace {

constexpr std::size_t kZeroingBytes = 1U << 20;

/// Fills the group's header in, at the front of its bytes in the block.
void seal_group(CommitGroup& group, std::uint64_t epoch) {
  std::byte* const bytes = group.block->bytes().data();
  std::uint32_t entries_crc = 0;
  for (const StagedBatch& batch : group.batches) {
    entries_crc = crc32c_extend(entries_crc, ByteSpan(bytes + batch.position - kEntryHeaderBytes, kEntryHeaderBytes));
  }
  encode_group_header({epoch, group.sequence, static_cast<std::uint32_t>(group.end - group.begin),
                       static_cast<std::uint32_t>(group.batches.size()), entries_crc},
                      bytes + group.begin);
}

/// Recovery will insist on the header of a file that is in use; the one it has need not be sound, as nothing in it was needed.
Result<void> write_header(File& file, std::uint64_t number) {
  AlignedBuffer header(kJournalFileHeaderBytes);
  encode_journal_file_header(number, header.span().data());
  return file.write_at(FilePosition(0), std::array{ByteSpan(header.span())});
}

}  // namespace

std::uint64_t Journal::group_bytes_max(const JournalOptions& options) { return options.file_bytes - kJournalFileHeaderBytes; }

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& fs, Path directory, JournalOptions options, std::uint64_t epoch) {
  LEAT_ASSERT(options.file_bytes % kDirectAlignment == 0 && options.files_max >= 2);
  std::unique_ptr<Journal> journal(new Journal(fs, std::move(directory), options, epoch));
  LEAT_ASSIGN(const auto numbers, list_journal_files(fs, journal->directory_));
  for (const std::uint64_t number : numbers) {
    const Path path = journal->directory_ / journal_file_name(number);
    OpenOptions open_options;
    open_options.direct_sync = true;
    LEAT_ASSIGN(auto file, fs.open(path, open_options));
    LEAT_ASSIGN(const std::uint64_t bytes, file->size());
    // A file of another size is from other settings or was not zeroed to its end when the machine stopped; nothing in it is
    // needed.
    if (bytes != options.file_bytes || journal->files_.size() == options.files_max) {
      LEAT_TRY(fs.remove_file(path));
      continue;
    }
    LEAT_TRY(write_header(*file, number));
    auto entry = std::make_unique<JournalFile>();
    entry->file = std::move(file);
    entry->number = number;
    journal->files_.push_back(std::move(entry));
  }
  // The name of a file that a process left when it died may not have reached the disk yet.
  LEAT_TRY(fs.sync_directory(journal->directory_));
  if (journal->files_.empty()) LEAT_TRY(journal->add_spare());
  return journal;
}

Path Journal::unfinished_path(std::uint64_t number) const { return directory_ / (journal_file_name(number) + ".tmp"); }

Result<std::unique_ptr<Journal::JournalFile>> Journal::create_file(std::uint64_t number) {
  const Path path = directory_ / journal_file_name(number);
  const Path temporary = unfinished_path(number);
  OpenOptions options;
  options.existence = OpenOptions::Existence::either;
  {
    // Zeroed through the page cache and synced once: the blocks are then allocated and written, which is what makes later writes
    // fast.
    LEAT_ASSIGN(auto file, fs_.open(temporary, options));
    LEAT_TRY(file->truncate(0));
    AlignedBuffer zeros(std::min<std::uint64_t>(kZeroingBytes, options_.file_bytes));
    std::ranges::fill(zeros.span(), std::byte{0});
    for (std::uint64_t at = 0; at < options_.file_bytes; at += kZeroingBytes) {
      const ByteSpan piece = ByteSpan(zeros.span()).first(std::min<std::uint64_t>(kZeroingBytes, options_.file_bytes - at));
      LEAT_TRY(file->write_at(FilePosition(at), std::array{piece}));
    }
    encode_journal_file_header(number, zeros.span().data());
    LEAT_TRY(file->write_at(FilePosition(0), std::array{ByteSpan(zeros.span()).first(kJournalFileHeaderBytes)}));
    LEAT_TRY(file->sync());
  }
  LEAT_TRY(fs_.rename(temporary, path));
  LEAT_TRY(sync_names(fs_, directory_));
  auto entry = std::make_unique<JournalFile>();
  options.existence = OpenOptions::Existence::must_exist;
  options.direct_sync = true;
  LEAT_ASSIGN(entry->file, fs_.open(path, options));
  entry->number = number;
  return entry;
}

Result<bool> Journal::add_spare() {
  std::uint64_t number = 1;
  {
    const std::lock_guard lock(mutex_);
    const bool spare = std::ranges::any_of(files_, [this](const auto& f) { return is_spare(*f); });
    if (spare || adding_ || files_.size() == options_.files_max) return false;
    adding_ = true;
    for (const auto& file : files_) number = std::max(number, file->number + 1);
  }
  auto created = create_file(number);
  const std::lock_guard lock(mutex_);
  adding_ = false;
  if (created.has_error()) {
    // On a full disk it would take the room that it failed for want of.
    (void)fs_.remove_file(unfinished_path(number));
    return std::move(created).error();
  }
  files_.push_back(std::move(created).value());
  return true;
}

Result<void> Journal::rotate() {
  const std::lock_guard lock(mutex_);
  const auto free = std::ranges::find_if(files_, [this](const auto& f) { return is_spare(*f) && f->recorded; });
  if (free == files_.end()) {
    current_ = nullptr;  // it is full like the others and recycled like them: it may be the only one
    return Error(Errc::journal_full, directory_.string());
  }
  current_ = free->get();
  position_ = kJournalFileHeaderBytes;
  return ok();
}

Result<void> Journal::write(CommitGroup& group) {
  LEAT_ASSERT(group.journaled && group.sequence == written_sequence() + 1);
  const std::size_t bytes = group.padded_bytes();
  LEAT_ASSERT(bytes <= group_bytes_max(options_));
  if (current_ == nullptr || position_ + bytes > options_.file_bytes) LEAT_TRY(rotate());
  seal_group(group, epoch_);
  LEAT_TRY(
      current_->file->write_at(FilePosition(position_), std::array{ByteSpan(group.block->bytes()).subspan(group.begin, bytes)}));
  position_ += bytes;
  const std::lock_guard lock(mutex_);
  current_->last_sequence = group.sequence;
  written_sequence_ = group.sequence;
  return ok();
}

void Journal::recycle(std::uint64_t up_to_sequence) {
  const std::lock_guard lock(mutex_);
  for (const auto& file : files_) {
    if (file.get() != current_ && file->last_sequence <= up_to_sequence) file->last_sequence = 0;
  }
}

JournalFileSet Journal::file_set() const {
  const std::lock_guard lock(mutex_);
  JournalFileSet set{options_.file_bytes, {}};
  for (const auto& file : files_) set.numbers.push_back(file->number);
  return set;
}

void Journal::note_recorded(const JournalFileSet& recorded) {
  const std::lock_guard lock(mutex_);
  for (const auto& file : files_) {
    if (std::ranges::find(recorded.numbers, file->number) != recorded.numbers.end()) file->recorded = true;
  }
}

std::size_t Journal::full_files() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(files_, [this](const auto& f) { return f->last_sequence != 0 && f.get() != current_; }));
}

std::size_t Journal::free_files() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(files_, [this](const auto& f) { return is_spare(*f) && f->recorded; }));
}

std::size_t Journal::files() const {
  const std::lock_guard lock(mutex_);
  return files_.size();
}

std::uint64_t Journal::written_sequence() const {
  const std::lock_guard lock(mutex_);
  return written_sequence_;
}

}  // namespace leat::storage
