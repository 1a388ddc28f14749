#pragma once

#include <optional>
#include <vector>

#include "samples/disks.hpp"
#include "storage/journal/commit_queue.hpp"
#include "storage/journal/journal.hpp"
#include "storage/journal/journal_files.hpp"
#include "storage/journal/journal_format.hpp"
#include "storage/journal/journal_reader.hpp"

namespace leat::storage {

/// A journal with files of four groups of a page each, one batch a group unless the test asks for more.
template <class Disk>
class JournalFixture : public testing::Test {
 protected:
  static constexpr std::uint64_t kGroupsPerFile = 4;
  static constexpr JournalOptions kOptions{.file_bytes = (1 + kGroupsPerFile) * kDirectAlignment, .files_max = 3};
  static constexpr LogId kLog{7};

  JournalFixture() { fs().create_directories(directory()).value(); }

  FileSystem& fs() { return disk_.fs; }
  Path directory() { return disk_.root() / "journal"; }
  Path file(std::uint64_t number) { return directory() / journal_file_name(number); }
  /// Where the n-th group of a file stands, from 0.
  static std::uint64_t group_at(std::uint64_t n) { return (1 + n) * kDirectAlignment; }

  Journal& open(std::uint64_t epoch = 1, const JournalOptions& options = kOptions) {
    journal_ = Journal::open(fs(), directory(), options, epoch).value();
    journal_->note_recorded(journal_->file_set());
    queue_.emplace(CommitQueueOptions{.group_bytes_max = kGroupsPerFile * kDirectAlignment});
    next_offset_ = Offset(0);
    return *journal_;
  }
  Journal& journal() { return *journal_; }
  /// A file more, recorded as a checkpoint would.
  Result<bool> add_spare() {
    auto added = journal_->add_spare();
    journal_->note_recorded(journal_->file_set());
    return added;
  }
  JournalFileSet recorded() { return journal_ ? journal_->file_set() : JournalFileSet{}; }

  void stage(const BatchShape& shape = {}) {
    const Bytes batch = make_batch(Offset(0), shape);
    queue_->stage(nullptr, kLog, header_of(batch), batch, next_offset_, true).value();
    next_offset_ += shape.records;
  }
  /// What is staged becomes a group; the same one again after a failure.
  Result<void> write_staged() {
    if (!group_) group_ = queue_->take_for_journal();
    LEAT_TRY(journal_->write(*group_));
    group_ = nullptr;
    return ok();
  }
  Result<void> write_one(const BatchShape& shape = {}) {
    stage(shape);
    return write_staged();
  }
  void write(int groups) {
    for (int i = 0; i < groups; ++i) write_one().value();
  }
  /// Two files, group 1 in the first.
  void open_two_files() {
    open();
    write(1);
    add_spare().value();
  }
  /// Writes so many groups, adding files whenever they are wanted.
  void write_adding_files(int groups) {
    for (int i = 0; i < groups; ++i) {
      add_spare().value();
      write(1);
    }
  }

  /// The sequences of the groups that a recovery would replay.
  Result<std::vector<std::uint64_t>> read_back(std::uint64_t epoch = 1, std::uint64_t first_needed = 1) {
    LEAT_ASSIGN(auto reader, JournalReader::open(fs(), directory(), recorded(), epoch, first_needed));
    std::vector<std::uint64_t> sequences;
    while (true) {
      LEAT_ASSIGN(const auto group, reader.next());
      if (!group) return sequences;
      sequences.push_back(group->sequence);
    }
  }

  Disk disk_;

 private:
  std::unique_ptr<Journal> journal_;
  std::optional<CommitQueue> queue_;
  CommitGroupPtr group_;
  Offset next_offset_;
};

using Sequences = std::vector<std::uint64_t>;

}  // namespace leat::storage
