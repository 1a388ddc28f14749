#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "samples/disks.hpp"
#include "simulation/broker_model.hpp"
#include "storage/store.hpp"

namespace leat::storage {

inline constexpr ProducerId kProducer{1};  ///< the first that a store gives away

/// A store with small limits; the test is its writers and its maintenance.
template <class Disk>
class StoreFixture : public testing::Test {
 protected:
  StoreFixture() {
    options_.data_dir = disk_.root() / "deep" / "data";
    options_.topic_defaults.segment_bytes = 4096;
    options_.topic_defaults.batch_bytes_max = 8192;
    options_.journal = {.file_bytes = 32 << 10, .files_max = 2};
    options_.queue = {.group_bytes_max = 8192, .queued_bytes_max = 64 << 10, .tail_bytes_max = 8192};
    options_.disk_reserve_bytes = 0;
    options_.read_block_bytes = 4096;
    options_.open_files_max = 3;
    open();
    EXPECT_EQ(store_->allocate_producer_id().value(), kProducer);
  }

  void open() { store_ = Store::open(disk_.fs, clock_, random_, options_).value(); }
  void reopen_after_close() {
    store_->close().value();
    kill();
    open();
    EXPECT_FALSE(store_->recovery_report().after_crash);
  }
  void kill() {
    log_.reset();
    store_.reset();
  }
  void reopen_after_kill() {
    kill();
    open();
    EXPECT_TRUE(store_->recovery_report().after_crash);
  }
  Topic create(const std::string& name = "orders", std::int32_t partitions = 1, const TopicSettings& settings = {}) {
    return store_->create_topic(name, partitions, settings).value();
  }
  PartitionLog& log(const std::string& topic = "orders", std::size_t partition = 0) {
    log_ = store_->topic(topic).value().logs.at(partition);
    return *log_;
  }
  simulation::SentBatch next_batch(std::size_t record_bytes = 300, TimestampMs timestamp = 1'700'000'000'000) {
    return {kProducer, model_.next_sequence(kProducer), 2, record_bytes, timestamp, record::Codec::none};
  }
  Result<bool> send(const simulation::SentBatch& batch) { return simulation::send(log(), model_, batch); }
  void publish(int batches, std::size_t record_bytes = 300) {
    for (int i = 0; i < batches; ++i) {
      send(next_batch(record_bytes)).value();
      drain();
    }
  }
  void drain() { simulation::drain(*store_).value(); }
  /// Everything from the log's start to the high watermark is what was sent.
  void expect_intact(Offset end) {
    EXPECT_EQ(log().high_watermark(), end);
    EXPECT_TRUE(simulation::check_contents(log(), model_, log().high_watermark(), true).has_value());
  }
  std::size_t segments() {
    std::size_t count = 0;
    for (const auto& entry : disk_.fs.list(log().directory()).value()) count += entry.name.ends_with(".log") ? 1U : 0U;
    return count;
  }

  Disk disk_;
  ManualClock clock_{1'700'000'000'000};
  SeededRandom random_{1};
  StoreOptions options_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<PartitionLog> log_;
  simulation::ModelLog model_;
};

}  // namespace leat::storage
