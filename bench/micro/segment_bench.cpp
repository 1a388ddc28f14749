#include <benchmark/benchmark.h>

#include "bench/micro/sample_records.hpp"
#include "bench/micro/scratch_directory.hpp"
#include "protocol/base/random.hpp"
#include "storage/io/posix_file_system.hpp"
#include "storage/segment/segment_appender.hpp"

namespace leat::bench {
namespace {

constexpr std::uint64_t kSegmentBytes = 64 << 20;
constexpr std::size_t kBatchBytes = 16 << 10;
constexpr std::size_t kReadBlockBytes = 256 << 10;

/// Segments on the real disk, in the page cache.
class ScratchSegment {
 public:
  ScratchSegment() : batch_(sample_batch(kBatchBytes, 1000)) { begin(); }

  /// A new, empty segment in place of the old one.
  void begin() {
    appender_.emplace(storage::SegmentAppender::create(files_, read_blocks_, directory_.path(), Offset(0)).value());
  }
  [[nodiscard]] bool is_full() const { return segment().end().position + batch_.size() > kSegmentBytes; }
  void append(std::size_t batches) {
    placed_.clear();
    copies_.resize(batches, batch_);
    Offset offset = segment().end().next_offset;
    for (std::size_t i = 0; i < batches; ++i) {
      record::patch_base_offset(copies_[i], offset, 0);
      const auto header = record::parse_batch_header(copies_[i]).value();
      placed_.push_back({copies_[i], offset, header.next_offset(), header.max_timestamp});
      offset = header.next_offset();
    }
    appender_->append(placed_).value();
  }
  void fill() {
    while (!is_full()) append(1);
  }
  [[nodiscard]] storage::Segment& segment() const { return *appender_->segment(); }
  [[nodiscard]] std::size_t batch_bytes() const { return batch_.size(); }

 private:
  ScratchDirectory directory_;
  storage::PosixFileSystem fs_;
  std::shared_ptr<storage::OpenFiles> files_ = std::make_shared<storage::OpenFiles>(fs_, 16);
  std::shared_ptr<storage::BlockPool> read_blocks_ = std::make_shared<storage::BlockPool>(kReadBlockBytes, 4);
  std::vector<std::byte> batch_;
  std::vector<std::vector<std::byte>> copies_;
  std::vector<storage::PlacedBatch> placed_;
  std::optional<storage::SegmentAppender> appender_;
};

/// Into the page cache, so many batches of 16 KiB at once, a new segment every 64 MiB.
void segment_append(benchmark::State& state) {
  ScratchSegment scratch;
  const auto batches = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    if (scratch.is_full()) {
      state.PauseTiming();
      scratch.begin();
      state.ResumeTiming();
    }
    scratch.append(batches);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batches * scratch.batch_bytes()));
}
BENCHMARK(segment_append)->ArgName("batches")->Arg(1)->Arg(16)->UseRealTime();

ScratchSegment& filled_segment() {
  static ScratchSegment scratch;
  static const bool kFilled = (scratch.fill(), true);
  benchmark::DoNotOptimize(kFilled);
  return scratch;
}

/// From the beginning to the end of a cached segment and again, as a subscriber that catches up.
void segment_read_sequential(benchmark::State& state) {
  storage::Segment& segment = filled_segment().segment();
  const Offset end = segment.end().next_offset;
  storage::ReadHint hint;
  Offset from;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const auto read =
        segment.read(from, end, static_cast<std::size_t>(state.range(0)), storage::ReadMode::blocking, hint).value();
    bytes += static_cast<std::int64_t>(read.bytes);
    from = read.next_offset < end ? read.next_offset : Offset(0);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}
BENCHMARK(segment_read_sequential)->ArgName("bytes_max")->Arg(64 << 10)->Arg(256 << 10)->UseRealTime();

/// One batch at an offset somewhere in a cached segment: the index, then a walk of at most 64 KiB.
void segment_read_random(benchmark::State& state) {
  storage::Segment& segment = filled_segment().segment();
  const Offset end = segment.end().next_offset;
  SeededRandom random(42);
  for (auto _ : state) {
    storage::ReadHint hint;
    const Offset from(static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(end.value())));
    benchmark::DoNotOptimize(segment.read(from, end, kBatchBytes, storage::ReadMode::blocking, hint).value());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(segment_read_random)->UseRealTime();

}  // namespace
}  // namespace leat::bench
