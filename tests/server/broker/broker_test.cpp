#include "server/broker/broker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "protocol/base/random.hpp"
#include "protocol/record/batch_validator.hpp"
#include "server/broker/partition.hpp"
#include "server/broker/shard.hpp"
#include "server/support/batches.hpp"
#include "simulation/temporary_directory.hpp"
#include "storage/io/posix_file_system.hpp"

namespace leat::server {
namespace {

/// The real one, whose renames and removals fail on demand.
class RefusingFileSystem final : public storage::FileSystem {
 public:
  std::atomic<bool> refuses_renames{false};
  std::atomic<bool> refuses_removals{false};

  Result<std::unique_ptr<storage::File>> open(const storage::Path& path, const storage::OpenOptions& options) override {
    return real_.open(path, options);
  }
  Result<void> rename(const storage::Path& from, const storage::Path& to) override {
    if (refuses_renames) return Error(Errc::storage_full, to.string());
    return real_.rename(from, to);
  }
  Result<void> remove_file(const storage::Path& path) override { return real_.remove_file(path); }
  Result<void> remove_tree(const storage::Path& path) override {
    if (refuses_removals) return Error(Errc::io_error, path.string());
    return real_.remove_tree(path);
  }
  Result<void> create_directories(const storage::Path& path) override { return real_.create_directories(path); }
  Result<void> sync_directory(const storage::Path& path) override { return real_.sync_directory(path); }
  Result<std::vector<storage::DirectoryEntry>> list(const storage::Path& directory) override { return real_.list(directory); }
  Result<bool> exists(const storage::Path& path) override { return real_.exists(path); }
  Result<storage::Space> space(const storage::Path& path) override { return real_.space(path); }
  Result<std::unique_ptr<storage::DirectoryLock>> lock(const storage::Path& directory) override { return real_.lock(directory); }

 private:
  storage::PosixFileSystem real_;
};

class BrokerTest : public ::testing::Test {
 protected:
  BrokerTest() {
    BrokerOptions options;
    options.store.data_dir = directory_.path() / "data";
    options.store.journal.file_bytes = 4U << 20;
    options.store.disk_reserve_bytes = 0;
    broker_ = Broker::open(fs_, clock_, random_, options).value();
    broker_->start();
    topic_ = broker_->create_topic({"orders", 2, {}}).value();
  }
  ~BrokerTest() override {
    fs_.refuses_renames = fs_.refuses_removals = false;
    EXPECT_TRUE(broker_->stop().has_value());
  }

  simulation::TemporaryDirectory directory_;
  RefusingFileSystem fs_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Broker> broker_;
  TopicEntryPtr topic_;
};

TEST_F(BrokerTest, ATopicWhoseDeletionIsRefusedIsAsItWas) {
  fs_.refuses_renames = true;
  EXPECT_EQ(broker_->delete_topic("orders").error().code, Errc::storage_full);
  EXPECT_EQ(broker_->topics().by_name("orders"), topic_);
  EXPECT_FALSE(topic_->partitions.front()->gone());
  fs_.refuses_renames = false;
  EXPECT_TRUE(broker_->delete_topic("orders").has_value());
  EXPECT_EQ(broker_->topics().by_name("orders"), nullptr);
}

TEST_F(BrokerTest, ATopicWhoseFilesCannotBeRemovedIsDeletedAllTheSame) {
  fs_.refuses_removals = true;
  EXPECT_TRUE(broker_->delete_topic("orders").has_value());
  EXPECT_EQ(broker_->topics().by_name("orders"), nullptr);
  EXPECT_TRUE(broker_->create_topic({"orders", 1, {}}).has_value());
}

TEST_F(BrokerTest, AChangeOfDurabilityIsSettledWhenItIsAnswered) {
  for (const char* durability : {"os", "durable", "os", "durable"}) {
    const auto altered = broker_->alter_topic({"orders", 0, {{"durability", durability}}});
    ASSERT_TRUE(altered.has_value()) << altered.error().message();
    for (const auto& partition : (*altered)->partitions) EXPECT_TRUE(partition->log().settled());
  }
}

/// Whether a publish was acknowledged.
class OneAnswer final : public PublishSink {
 public:
  explicit OneAnswer(Shard& shard) : shard_(shard) {}
  void on_published(std::span<const PublishOutcome> outcomes) override { answer_.set_value(outcomes.front().ack.has_value()); }
  [[nodiscard]] Shard& shard() const override { return shard_; }
  std::future<bool> answer() { return answer_.get_future(); }

 private:
  Shard& shard_;
  std::promise<bool> answer_;
};

TEST_F(BrokerTest, APublishThatComesBeforeTheShardKnowsOfTheTopicIsAnswered) {
  const SharedBytes batch(batch_of({"v"}));
  const auto header = record::validate_for_append(batch.span(), {1U << 20}).value();
  Shard& shard = *broker_->shards().front();
  // A round may also have the shard learn of it first: more than one of them, so that some do not.
  for (int i = 0; i < 8; ++i) {
    const std::string name = "new-" + std::to_string(i);
    const auto sink = std::make_shared<OneAnswer>(shard);
    auto answer = sink->answer();
    std::promise<void> entered;
    std::promise<void> created;
    shard.post([&, sink] {
      entered.set_value();
      created.get_future().wait();
      broker_->publish(broker_->topics().by_name(name)->partitions.front(), {header, batch, native::AckLevel::written, 1, sink});
    });
    entered.get_future().wait();
    ASSERT_TRUE(broker_->create_topic({name, 1, {{"durability", "os"}}}).has_value());
    created.set_value();
    ASSERT_EQ(answer.wait_for(std::chrono::seconds(30)), std::future_status::ready) << "round " << i;
    EXPECT_TRUE(answer.get());
  }
}

TEST_F(BrokerTest, WhatNobodyWaitsForIsWrittenAllTheSame) {
  class NoSink final : public PublishSink {
   public:
    explicit NoSink(Shard& shard) : shard_(shard) {}
    void on_published(std::span<const PublishOutcome> /*told*/) override {}
    [[nodiscard]] Shard& shard() const override { return shard_; }

   private:
    Shard& shard_;
  };
  const auto topic = broker_->create_topic({"metrics", 1, {{"durability", "os"}}}).value();
  const auto& partition = topic->partitions.front();
  const SharedBytes batch(batch_of({"v"}));
  const auto header = record::validate_for_append(batch.span(), {1U << 20}).value();
  broker_->publish(partition, {header, batch, native::AckLevel::none, 1, std::make_shared<NoSink>(partition->owner())});
  while (partition->log().high_watermark() < Offset(1)) std::this_thread::yield();
  EXPECT_EQ(partition->log().written_end(), Offset(1));
}

}  // namespace
}  // namespace leat::server
