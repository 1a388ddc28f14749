#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "samples/disks.hpp"
#include "storage/log/partition_log.hpp"

namespace leat::storage {

/// One partition's log; the test is its owner, both of its writers and its maintenance.
template <class Disk>
class LogFixture : public testing::Test {
 protected:
  static constexpr std::size_t kUnlimited = 64 << 20;
  static constexpr LogId kLog{1};

  FileSystem& fs() { return disk_.fs; }
  Path directory() { return disk_.root() / "0"; }

  LogEnvironment environment() { return {fs(), files_, clock_, queue_, read_blocks_, producers_}; }
  LogEnvironment environment_on(FileSystem& other) {
    return {other, std::make_shared<OpenFiles>(other, 2), clock_, queue_, read_blocks_, producers_};
  }
  void open(const RecoveryPoint& point = {.log = kLog}) {
    log_ = PartitionLog::open(environment(), directory(), point, config_, true).value();
    hint_ = {};
  }
  /// Opens it again from a point at which everything was synced.
  void reopen() { open(log_->sync().value()); }
  void configure(const TopicConfig& config) {
    config_ = config;
    log_->configure(config);
  }

  Result<PartitionLog::Appended> append(ByteSpan batch) { return log_->append(header_of(batch), batch); }
  Result<PartitionLog::Appended> append(const BatchShape& shape = {}) {
    return append(ByteSpan(make_batch(log_->next_offset(), shape)));
  }
  /// As if the journal had written every group.
  void journal_all() {
    while (const auto group = queue_.take_for_journal()) {
      for (const StagedBatch& batch : group->batches) batch.log->mark_durable(batch.next_offset);
      queue_.done(*group);
    }
  }
  Result<void> try_write() {
    if (!to_write_) to_write_ = queue_.take_for_segments();
    std::vector<PlacedBatch> batches;
    for (const StagedBatch& batch : to_write_->batches) {
      batches.push_back({to_write_->bytes_of(batch), batch.base_offset, batch.next_offset, batch.max_timestamp});
    }
    LEAT_TRY(log_->write(batches, to_write_->journaled));
    queue_.done(*to_write_);
    to_write_ = nullptr;
    return ok();
  }
  void write_all() {
    while ((to_write_ = queue_.take_for_segments()) != nullptr) try_write().value();
  }
  void settle() {
    journal_all();
    write_all();
  }
  /// So many batches, each a group of its own, through both writers.
  void commit(int count, const BatchShape& shape = {}) {
    for (int i = 0; i < count; ++i) {
      append(shape).value();
      settle();
    }
  }

  Result<ReadBatches> read(std::int64_t from, std::size_t bytes_max = kUnlimited) {
    return log_->read(Offset(from), log_->high_watermark(), bytes_max, ReadMode::blocking, hint_);
  }
  /// Everything from an offset to the high watermark.
  Bytes read_all(std::int64_t from, std::size_t bytes_max = kUnlimited) {
    Bytes bytes;
    while (Offset(from) < log_->high_watermark()) {
      const ReadBatches batches = read(from, bytes_max).value();
      for (const SharedBytes& chunk : batches.chunks) bytes.insert(bytes.end(), chunk.span().begin(), chunk.span().end());
      from = batches.next_offset.value();
    }
    return bytes;
  }
  std::vector<std::string> segment_files() {
    std::vector<std::string> names;
    for (const auto& entry : fs().list(directory()).value()) {
      if (parse_segment_file_name(entry.name)) names.push_back(entry.name);
    }
    std::ranges::sort(names);
    return names;
  }

  Disk disk_;
  std::shared_ptr<OpenFiles> files_ = std::make_shared<OpenFiles>(disk_.fs, 2);
  ManualClock clock_{1'700'000'000'000};
  TopicConfig config_;
  CommitQueue queue_{{.group_bytes_max = 256 << 10, .queued_bytes_max = 1 << 20, .tail_bytes_max = 1 << 20}};
  std::shared_ptr<BlockPool> read_blocks_ = std::make_shared<BlockPool>(64 << 10, 4);
  std::shared_ptr<ProducerRegistry> producers_ = [] {
    auto registry = std::make_shared<ProducerRegistry>(100);
    registry->set_next_id(ProducerId(100));
    return registry;
  }();
  std::shared_ptr<PartitionLog> log_;
  ReadHint hint_;

 private:
  CommitGroupPtr to_write_;
};

}  // namespace leat::storage
