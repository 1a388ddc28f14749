#include "server/session/subscriptions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>

#include "protocol/base/random.hpp"
#include "protocol/record/batch_validator.hpp"
#include "server/support/batches.hpp"
#include "server/support/rounds.hpp"
#include "simulation/temporary_directory.hpp"
#include "storage/io/posix_file_system.hpp"

namespace leat::server {
namespace {

constexpr std::uint32_t kMuch = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kEnoughRoom = 256U << 10;

/// Waits for one answer of a publish.
class OneAnswer final : public PublishSink {
 public:
  explicit OneAnswer(Shard& shard) : shard_(shard) {}
  void on_published(std::span<const PublishOutcome> outcomes) override { ack_.set_value(outcomes.front().ack); }
  [[nodiscard]] Shard& shard() const override { return shard_; }
  Result<native::PublishAck> wait() { return ack_.get_future().get(); }

 private:
  Shard& shard_;
  std::promise<Result<native::PublishAck>> ack_;
};

/// The real one, as if nothing were in the page cache, or all of it.
class ColdFileSystem final : public storage::FileSystem {
 public:
  std::atomic<bool> is_cold{true};
  std::atomic<int> cached_reads{0};

  Result<std::unique_ptr<storage::File>> open(const storage::Path& path, const storage::OpenOptions& options) override {
    LEAT_ASSIGN(auto file, real_.open(path, options));
    return std::unique_ptr<storage::File>(std::make_unique<ColdFile>(std::move(file), *this));
  }
  Result<void> rename(const storage::Path& from, const storage::Path& to) override { return real_.rename(from, to); }
  Result<void> remove_file(const storage::Path& path) override { return real_.remove_file(path); }
  Result<void> remove_tree(const storage::Path& path) override { return real_.remove_tree(path); }
  Result<void> create_directories(const storage::Path& path) override { return real_.create_directories(path); }
  Result<void> sync_directory(const storage::Path& path) override { return real_.sync_directory(path); }
  Result<std::vector<storage::DirectoryEntry>> list(const storage::Path& directory) override { return real_.list(directory); }
  Result<bool> exists(const storage::Path& path) override { return real_.exists(path); }
  Result<storage::Space> space(const storage::Path& path) override { return real_.space(path); }
  Result<std::unique_ptr<storage::DirectoryLock>> lock(const storage::Path& directory) override { return real_.lock(directory); }

 private:
  class ColdFile final : public storage::File {
   public:
    ColdFile(std::unique_ptr<storage::File> real, ColdFileSystem& fs) : real_(std::move(real)), fs_(fs) {}
    Result<std::size_t> read_at(FilePosition at, MutableByteSpan into, storage::ReadMode mode) override {
      if (mode == storage::ReadMode::cached_only) {
        if (fs_.is_cold) return Error(Errc::would_block);
        ++fs_.cached_reads;
      }
      return real_->read_at(at, into, mode);
    }
    Result<void> write_at(FilePosition at, std::span<const ByteSpan> pieces) override { return real_->write_at(at, pieces); }
    Result<void> sync() override { return real_->sync(); }
    Result<std::uint64_t> size() override { return real_->size(); }
    Result<TimestampMs> modified_ms() override { return real_->modified_ms(); }
    Result<void> truncate(std::uint64_t bytes) override { return real_->truncate(bytes); }
    [[nodiscard]] const storage::Path& path() const override { return real_->path(); }

   private:
    std::unique_ptr<storage::File> real_;
    ColdFileSystem& fs_;
  };

  storage::PosixFileSystem real_;
};

/// One session's subscriptions over a broker with one shard; what they bring is written down.
class SubscriptionsTest : public ::testing::Test {
 protected:
  SubscriptionsTest() {
    open();
    partitions_ = broker_->create_topic({"orders", 2, {}}).value()->partitions;
  }
  ~SubscriptionsTest() override { stop(); }

  void open() {
    BrokerOptions options;
    options.store.data_dir = directory_.path() / "data";
    options.store.journal.file_bytes = 4U << 20;
    options.store.disk_reserve_bytes = 0;
    broker_ = Broker::open(fs_, clock_, random_, options).value();
    broker_->start();
    subscriptions_ = std::make_shared<Subscriptions>(
        *broker_, shard(),
        Subscriptions::Output{[this](const Subscriptions::Delivery& delivery) {
                                delivered_.push_back(delivery.subscription);
                                room_ -= std::min(room_, delivery.batches.bytes);
                              },
                              [this](std::uint32_t number, const Error& error) { ended_.emplace_back(number, error.code); },
                              [this] {
                                return Subscriptions::Room{room_, room_is_strict_};
                              },
                              [] {}});
  }
  void stop() {
    on_shard([this] { subscriptions_->close(); });
    EXPECT_TRUE(broker_->stop().has_value());
  }
  /// Nothing of what was published is in memory then.
  void restart() {
    stop();
    subscriptions_.reset();
    partitions_.clear();
    broker_.reset();
    open();
    partitions_ = broker_->topics().by_name("orders")->partitions;
  }

  [[nodiscard]] Shard& shard() const { return *broker_->shards().front(); }
  template <class Work>
  void on_shard(Work work) {
    std::promise<void> done;
    shard().post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void publish(std::size_t partition, std::size_t value_bytes) {
    const SharedBytes batch(large_batch(value_bytes));
    const auto sink = std::make_shared<OneAnswer>(shard());
    broker_->publish(partitions_[partition],
                     {record::validate_for_append(batch.span(), {1U << 20}).value(), batch, native::AckLevel::durable, 1, sink});
    ASSERT_TRUE(sink->wait().has_value());
  }
  Result<void> add(std::uint32_t number, std::size_t partition, std::int64_t from = 0, std::uint32_t credit = kMuch) {
    Result<void> added;
    on_shard([&] { added = subscriptions_->add(number, partitions_[partition], Offset(from), credit); });
    return added;
  }
  void pump_with_room(std::size_t bytes) {
    on_shard([&] {
      room_ = bytes;
      subscriptions_->pump();
    });
  }

  simulation::TemporaryDirectory directory_;
  ColdFileSystem fs_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Broker> broker_;
  std::vector<std::shared_ptr<Partition>> partitions_;
  std::shared_ptr<Subscriptions> subscriptions_;
  std::size_t room_ = 0;  ///< this and what follows: the shard's
  bool room_is_strict_ = false;
  std::vector<std::uint32_t> delivered_;
  std::vector<std::pair<std::uint32_t, Errc>> ended_;
};

TEST_F(SubscriptionsTest, BringNothingWithoutRoomAndAllOfItLater) {
  publish(0, 1000);
  ASSERT_TRUE(add(1, 0).has_value());
  pump_with_room(0);
  EXPECT_TRUE(delivered_.empty());
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1}));
}

TEST_F(SubscriptionsTest, TakeTurns) {
  for (int i = 0; i < 4; ++i) {
    publish(0, 1000);
    publish(1, 1000);
  }
  ASSERT_TRUE(add(1, 0).has_value());
  ASSERT_TRUE(add(2, 1).has_value());
  for (int i = 0; i < 8; ++i) pump_with_room(1);  // for one batch each time
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1, 2, 1, 2, 1, 2, 1, 2}));
}

TEST_F(SubscriptionsTest, OneWithoutCreditDoesNotHoldUpTheOthers) {
  publish(0, 1000);
  publish(1, 1000);
  ASSERT_TRUE(add(1, 0, 0, 0).has_value());
  ASSERT_TRUE(add(2, 1).has_value());
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{2}));
}

TEST_F(SubscriptionsTest, ARefusedOneLeavesNothingBehind) {
  publish(0, 1000);
  EXPECT_EQ(add(1, 0, 2).error().code, Errc::offset_out_of_range);
  on_shard([this] { EXPECT_EQ(subscriptions_->size(), 0U); });
  on_shard([this] { room_ = kEnoughRoom; });
  publish(0, 1000);
  on_shard([this] { EXPECT_TRUE(delivered_.empty()); });
  EXPECT_TRUE(add(1, 0).has_value());
}

TEST_F(SubscriptionsTest, ANumberInUseIsRefused) {
  ASSERT_TRUE(add(1, 0).has_value());
  EXPECT_EQ(add(1, 1).error().code, Errc::invalid_argument);
  on_shard([this] { EXPECT_TRUE(subscriptions_->remove(1)); });
  EXPECT_TRUE(add(1, 1).has_value());
}

TEST_F(SubscriptionsTest, AreWokenByWhatIsPublished) {
  on_shard([this] { room_ = kEnoughRoom; });
  ASSERT_TRUE(add(1, 0).has_value());
  publish(0, 1000);
  // The watchers are woken by the same event that acknowledges, before anything later on this thread.
  on_shard([this] { EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1})); });
}

TEST_F(SubscriptionsTest, ADeletedTopicIsToldWithoutCredit) {
  on_shard([this] { room_ = kEnoughRoom; });
  publish(0, 1000);
  ASSERT_TRUE(add(1, 0, 0, 0).has_value());
  ASSERT_TRUE(broker_->delete_topic("orders").has_value());
  on_shard([this] {
    EXPECT_EQ(ended_, (std::vector<std::pair<std::uint32_t, Errc>>{{1, Errc::unknown_topic}}));
    EXPECT_EQ(subscriptions_->size(), 0U);
  });
}

TEST_F(SubscriptionsTest, OnesWithNothingToDeliverAreNotInTheLine) {
  for (std::uint32_t number = 10; number < 3000; ++number)
    ASSERT_TRUE(add(number, 1, 0, number % 2 == 0 ? 0 : kMuch).has_value());
  publish(0, 1000);
  ASSERT_TRUE(add(1, 0).has_value());
  ASSERT_TRUE(add(2, 0, 0, 0).has_value());
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1}));
  on_shard([this] {
    subscriptions_->add_credit(2, 1);
    subscriptions_->pump();
  });
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1, 2}));
  publish(1, 1000);
  pump_with_room(64U << 20);
  for (int turns = 0; turns < 10; ++turns) await_round_end(shard());
  EXPECT_EQ(delivered_.size(), 2U + 2990 / 2) << "all that have credit";
}

TEST_F(SubscriptionsTest, OneThatIsRemovedWhileItWaitsItsTurnIsSkipped) {
  publish(0, 1000);
  ASSERT_TRUE(add(1, 0).has_value());
  ASSERT_TRUE(add(2, 0).has_value());
  on_shard([this] { EXPECT_TRUE(subscriptions_->remove(1)); });
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{2}));
}

TEST_F(SubscriptionsTest, CreditBeyondAllMeasureIsCapped) {
  publish(0, 1000);
  ASSERT_TRUE(add(1, 0).has_value());
  for (int i = 0; i < 10; ++i) on_shard([this] { subscriptions_->add_credit(1, kMuch); });
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_.size(), 1U);
}

TEST_F(SubscriptionsTest, AReadInProgressCountsAsTheBatchThatItBringsWhateverTheCredit) {
  publish(0, 1000);
  restart();
  ASSERT_TRUE(add(1, 0, 0, 1).has_value());
  on_shard([this] {
    room_ = kEnoughRoom;
    subscriptions_->pump();
    EXPECT_GE(subscriptions_->reading_bytes(), partitions_[0]->log().batch_bytes_max());
  });
}

TEST_F(SubscriptionsTest, ABatchThatStrictRoomDoesNotHoldKeepsItsPlaceInTheLine) {
  publish(0, 2000);
  publish(1, 100);
  ASSERT_TRUE(add(1, 0).has_value());
  ASSERT_TRUE(add(2, 1).has_value());
  on_shard([this] { room_is_strict_ = true; });
  pump_with_room(1000);
  EXPECT_TRUE(delivered_.empty());
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(SubscriptionsTest, ABatchThatStrictRoomDoesNotHoldIsNotReadForItAgain) {
  publish(0, 2000);
  restart();
  fs_.is_cold = false;
  ASSERT_TRUE(add(1, 0).has_value());
  on_shard([this] { room_is_strict_ = true; });
  pump_with_room(1000);
  const int reads = fs_.cached_reads;
  EXPECT_GT(reads, 0);
  for (int i = 0; i < 5; ++i) pump_with_room(1000);
  EXPECT_EQ(fs_.cached_reads, reads);
  EXPECT_TRUE(delivered_.empty());
  pump_with_room(kEnoughRoom);
  EXPECT_EQ(delivered_, (std::vector<std::uint32_t>{1}));
}

TEST_F(SubscriptionsTest, StrictRoomIsNotReadFor) {
  publish(0, 1000);
  restart();
  ASSERT_TRUE(add(1, 0).has_value());
  on_shard([this] {
    room_is_strict_ = true;
    room_ = kEnoughRoom;
    subscriptions_->pump();
    EXPECT_EQ(subscriptions_->reading_bytes(), 0U) << "nobody knows how much it would be";
  });
}

}  // namespace
}  // namespace leat::server
