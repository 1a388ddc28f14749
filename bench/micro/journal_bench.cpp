#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/micro/sample_records.hpp"
#include "bench/micro/scratch_directory.hpp"
#include "storage/io/posix_file_system.hpp"
#include "storage/journal/commit_queue.hpp"
#include "storage/journal/journal.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::bench {
namespace {

constexpr storage::JournalOptions kJournal{.file_bytes = 32 << 20, .files_max = 2};
constexpr std::size_t kBatchBytes = 4 << 10;

/// The real disk, with journal files that are zeroed once for all sizes and recycled from then on.
struct ScratchJournal {
  std::unique_ptr<storage::Journal> open() {
    auto journal = storage::Journal::open(fs, directory.path(), kJournal, ++epoch).value();
    journal->note_recorded(journal->file_set());
    return journal;
  }

  ScratchDirectory directory;
  storage::PosixFileSystem fs;
  std::uint64_t epoch = 0;
};

/// Batches of 4 KiB on their way to an acknowledgement: staged, then written as one durable group of the size given.
void journal_append(benchmark::State& state) {
  static ScratchJournal scratch;
  const auto journal = scratch.open();
  storage::CommitQueue queue({});
  const auto batch = sample_batch(kBatchBytes, 1000);
  const auto header = record::parse_batch_header(batch).value();
  const auto room = static_cast<std::size_t>(state.range(0)) - storage::kGroupHeaderBytes;
  const std::size_t group_batches = std::max<std::size_t>(1, room / storage::entry_bytes(batch.size()));
  Offset offset;
  for (auto _ : state) {
    for (std::size_t i = 0; i < group_batches; ++i) {
      (void)queue.stage(nullptr, LogId(1), header, batch, offset, true).value();
      offset += header.record_count;
    }
    const auto group = queue.take_for_journal();
    if (journal->free_files() == 0 && journal->files() < kJournal.files_max) {
      state.PauseTiming();
      (void)journal->add_spare().value();
      journal->note_recorded(journal->file_set());
      state.ResumeTiming();
    }
    journal->write(*group).value();
    queue.done(*group);
    queue.done(*queue.take_for_segments());
    journal->recycle(group->sequence);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(group_batches * batch.size()));
}
BENCHMARK(journal_append)->ArgName("group")->Arg(4 << 10)->Arg(64 << 10)->Arg(256 << 10)->Arg(1 << 20)->UseRealTime();

}  // namespace
}  // namespace leat::bench
