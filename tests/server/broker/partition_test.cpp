#include "server/broker/partition.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <limits>

#include "protocol/base/random.hpp"
#include "protocol/record/batch_validator.hpp"
#include "server/broker/shard.hpp"
#include "server/support/batches.hpp"
#include "simulation/temporary_directory.hpp"
#include "storage/io/posix_file_system.hpp"
#include "storage/store.hpp"

namespace leat::server {
namespace {

using native::AckLevel;

constexpr std::size_t kQueueBytes = 64U << 10;

class RecordingSink final : public PublishSink {
 public:
  explicit RecordingSink(Shard& shard) : shard_(shard) {}
  void on_published(std::span<const PublishOutcome> told) override { outcomes.insert(outcomes.end(), told.begin(), told.end()); }
  [[nodiscard]] Shard& shard() const override { return shard_; }
  [[nodiscard]] std::vector<std::uint64_t> correlations() const {
    std::vector<std::uint64_t> all;
    for (const PublishOutcome& outcome : outcomes) all.push_back(outcome.correlation);
    return all;
  }
  std::vector<PublishOutcome> outcomes;

 private:
  Shard& shard_;
};

class CountingWatcher final : public PartitionWatcher {
 public:
  void on_advanced(Partition&) override { ++wakes; }
  int wakes = 0;
};

class NotingWatcher final : public PartitionWatcher {
 public:
  explicit NotingWatcher(const RecordingSink& sink) : sink_(sink) {}
  void on_advanced(Partition&) override { acknowledged_before = sink_.outcomes.size(); }
  std::size_t acknowledged_before = std::numeric_limits<std::size_t>::max();

 private:
  const RecordingSink& sink_;
};

/// A partition over a store whose writers move only when the test says so.
class PartitionTest : public ::testing::Test {
 protected:
  PartitionTest() {
    storage::StoreOptions options;
    options.data_dir = directory_.path() / "data";
    options.journal.file_bytes = 4U << 20;
    options.queue.queued_bytes_max = kQueueBytes;
    options.disk_reserve_bytes = 0;
    store_ = storage::Store::open(fs_, clock_, random_, options).value();
    shards_.push_back(std::make_unique<Shard>(0));
    const storage::Topic topic = store_->create_topic("orders", 1, {}).value();
    const native::TopicPartition id{topic.entry.id, PartitionId(0)};
    partition_ = std::make_shared<Partition>(id, topic.logs.front(), *shards_.front(), shards_);
    sink_ = std::make_shared<RecordingSink>(*shards_.front());
    shards_.front()->own(topic.logs.front()->id(), partition_);
    shards_.front()->start();
  }
  ~PartitionTest() override { shards_.front()->stop(); }

  /// Runs `work` on the shard and waits for it and for what it posted.
  template <class Work>
  void on_shard(Work work) {
    for (int round = 0; round < 2; ++round) {
      std::promise<void> done;
      shards_.front()->post([&, round] {
        if (round == 0) work();
        done.set_value();
      });
      done.get_future().wait();
    }
  }
  enum class Waits { yes, no };
  void publish(std::uint64_t correlation, SharedBytes batch, AckLevel ack = AckLevel::durable, Waits waits = Waits::yes) {
    const auto header = record::validate_for_append(batch.span(), {1U << 20}).value();
    on_shard([&] { partition_->publish({header, batch, ack, correlation, sink_, waits == Waits::yes}); });
  }
  void publish(std::uint64_t correlation, std::vector<std::byte> batch, AckLevel ack = AckLevel::durable,
               Waits waits = Waits::yes) {
    publish(correlation, SharedBytes(std::move(batch)), ack, waits);
  }
  void progress() {
    on_shard([&] {
      partition_->progress();
      shards_.front()->retry_stalled();
    });
  }
  void journal() {
    while (store_->journal_one().value()) continue;
    progress();
  }
  void write() {
    while (store_->write_one().value()) continue;
    progress();
  }

  simulation::TemporaryDirectory directory_;
  storage::PosixFileSystem fs_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<storage::Store> store_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::shared_ptr<Partition> partition_;
  std::shared_ptr<RecordingSink> sink_;
};

TEST_F(PartitionTest, NothingIsAcknowledgedBeforeItsLevel) {
  publish(1, batch_of({"a"}), AckLevel::durable);
  publish(2, batch_of({"b"}), AckLevel::written);
  publish(3, batch_of({"c"}), AckLevel::none);
  EXPECT_EQ(sink_->correlations(), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(sink_->outcomes[0].ack.value().level, AckLevel::none);
  journal();
  EXPECT_EQ(sink_->correlations(), (std::vector<std::uint64_t>{3, 2, 1})) << "durable is more than written";
  EXPECT_EQ(sink_->outcomes[1].ack.value().level, AckLevel::durable);
  EXPECT_EQ(sink_->outcomes[2].ack.value().level, AckLevel::durable);
  write();
  EXPECT_EQ(sink_->outcomes.size(), 3U);
}

TEST_F(PartitionTest, ARepeatedBatchWaitsForItsFirst) {
  const record::ProducerStamp stamp{store_->allocate_producer_id().value(), 0, 0};
  publish(1, batch_of({"a"}, stamp));
  publish(2, batch_of({"a"}, stamp));
  EXPECT_TRUE(sink_->outcomes.empty());
  journal();
  ASSERT_EQ(sink_->outcomes.size(), 2U);
  EXPECT_EQ(sink_->outcomes[1].ack.value().base_offset, Offset(0));
  EXPECT_TRUE(sink_->outcomes[1].ack.value().duplicate);
}

TEST_F(PartitionTest, WhatTheQueueDoesNotTakeWaitsInOrder) {
  for (std::uint64_t i = 1; i <= 9; ++i) publish(i, large_batch(20'000), AckLevel::none);
  EXPECT_EQ(sink_->outcomes.size(), 4U) << "as many as fit 64 KiB, and the one that goes beyond";
  while (sink_->outcomes.size() < 9) {
    const std::size_t before = sink_->outcomes.size();
    journal();
    write();
    ASSERT_GT(sink_->outcomes.size(), before);
  }
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(sink_->outcomes[i].correlation, i + 1);
    EXPECT_EQ(sink_->outcomes[i].ack.value().base_offset, Offset(static_cast<std::int64_t>(i)));
  }
}

TEST_F(PartitionTest, OneThatMayNotWaitIsTakenAtOnceOrRefused) {
  publish(1, batch_of({"a"}), AckLevel::none, Waits::no);
  publish(2, large_batch(kQueueBytes));
  publish(3, batch_of({"c"}));
  publish(4, batch_of({"d"}), AckLevel::none, Waits::no);
  ASSERT_EQ(sink_->correlations(), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_TRUE(sink_->outcomes[0].ack.has_value());
  EXPECT_EQ(sink_->outcomes[1].ack.error().code, Errc::overloaded);
  journal();
  write();
  journal();
  EXPECT_EQ(sink_->correlations(), (std::vector<std::uint64_t>{1, 4, 2, 3})) << "the one that waited is not forgotten";
}

TEST_F(PartitionTest, ASmallBatchThatWaitsDoesNotHoldTheBlockItArrivedIn) {
  publish(1, large_batch(kQueueBytes));
  auto block = std::make_shared<std::vector<std::byte>>(batch_of({"small"}));
  const std::weak_ptr<void> watched = block;
  SharedBytes batch(block, *block);
  block.reset();
  publish(2, std::exchange(batch, {}));
  EXPECT_TRUE(watched.expired());
  journal();
  write();
  journal();
  EXPECT_EQ(sink_->correlations(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(PartitionTest, AFailureEndsEveryWaitingPublish) {
  publish(1, batch_of({"a"}), AckLevel::durable);
  publish(2, batch_of({"b"}), AckLevel::written);
  publish(3, large_batch(kQueueBytes));
  on_shard([&] { partition_->abandon(Error(Errc::storage_failed)); });
  ASSERT_EQ(sink_->outcomes.size(), 3U);
  for (const PublishOutcome& outcome : sink_->outcomes) EXPECT_EQ(outcome.ack.error().code, Errc::storage_failed);
}

TEST_F(PartitionTest, AFailureStillAcknowledgesWhatIsDurable) {
  publish(1, batch_of({"a"}));
  ASSERT_TRUE(store_->journal_one().has_value());
  publish(2, batch_of({"b"}));
  on_shard([&] { partition_->abandon(Error(Errc::storage_failed)); });
  ASSERT_EQ(sink_->outcomes.size(), 2U);
  EXPECT_TRUE(sink_->outcomes[0].ack.has_value());
  EXPECT_TRUE(sink_->outcomes[1].ack.has_error());
}

TEST_F(PartitionTest, AfterAFailureEveryPublishIsRefusedWhateverTheLogWaitsFor) {
  publish(1, batch_of({"a"}));
  ASSERT_TRUE(store_->alter_topic("orders", 0, {{"durability", "os"}}).has_value());
  on_shard([&] { partition_->abandon(Error(Errc::storage_failed)); });
  publish(2, batch_of({"b"}));
  ASSERT_EQ(sink_->outcomes.size(), 2U) << "it would wait for the change of durability, which never comes to its end";
  EXPECT_EQ(sink_->outcomes[1].ack.error().code, Errc::storage_failed);
}

TEST_F(PartitionTest, ARetiredPartitionRefusesAndWakesItsWatchers) {
  CountingWatcher watcher;
  publish(1, batch_of({"a"}));
  on_shard([&] { shards_.front()->watch(*partition_, watcher); });
  partition_->log().close();
  on_shard([&] { partition_->retire(); });
  publish(2, batch_of({"b"}));
  EXPECT_TRUE(partition_->gone());
  EXPECT_EQ(watcher.wakes, 1);
  ASSERT_EQ(sink_->outcomes.size(), 2U);
  for (const PublishOutcome& outcome : sink_->outcomes) EXPECT_EQ(outcome.ack.error().code, Errc::unknown_topic);
}

TEST_F(PartitionTest, WatchersAreWokenWhenThereIsMoreToReadAndNotOtherwise) {
  CountingWatcher watcher;
  CountingWatcher left;
  on_shard([&] {
    shards_.front()->watch(*partition_, watcher);
    shards_.front()->watch(*partition_, left);
    shards_.front()->unwatch(*partition_, left);
  });
  publish(1, batch_of({"a"}));
  progress();
  EXPECT_EQ(watcher.wakes, 0) << "not durable yet";
  journal();
  EXPECT_EQ(watcher.wakes, 1);
  write();
  EXPECT_EQ(watcher.wakes, 1);
  EXPECT_EQ(left.wakes, 0);
}

TEST_F(PartitionTest, AFewReadersComeBeforeThePublisherAndACrowdAfterIt) {
  std::deque<NotingWatcher> watchers;
  for (std::size_t count = 1; count <= 5; ++count) {
    on_shard([&] { shards_.front()->watch(*partition_, watchers.emplace_back(*sink_)); });
    sink_->outcomes.clear();
    publish(count, batch_of({"a"}));
    journal();
    for (const NotingWatcher& watcher : watchers) EXPECT_EQ(watcher.acknowledged_before, count <= 4 ? 0U : 1U) << count;
  }
}

TEST_F(PartitionTest, EverySinkGetsItsOwnOutcomes) {
  auto other = std::make_shared<RecordingSink>(*shards_.front());
  publish(1, batch_of({"a"}));
  sink_.swap(other);
  publish(2, batch_of({"b"}));
  sink_.swap(other);
  publish(3, batch_of({"c"}));
  journal();
  EXPECT_EQ(sink_->correlations(), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(other->correlations(), (std::vector<std::uint64_t>{2}));
}

}  // namespace
}  // namespace leat::server
