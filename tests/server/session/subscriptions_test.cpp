#include "server/session/subscriptions.hpp"

#include <gtest/gtest.h>

#include <future>
#include <limits>

#include "protocol/base/random.hpp"
#include "protocol/record/batch_validator.hpp"
#include "server/support/batches.hpp"
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

/// One session's subscriptions over a broker with one shard; what they bring is written down.
class SubscriptionsTest : public ::testing::Test {
 protected:
  SubscriptionsTest() {
    BrokerOptions options;
    options.store.data_dir = directory_.path() / "data";
    options.store.journal.file_bytes = 4U << 20;
    options.store.disk_reserve_bytes = 0;
    broker_ = Broker::open(fs_, clock_, random_, options).value();
    broker_->start();
    partitions_ = broker_->create_topic({"orders", 2, {}}).value()->partitions;
    subscriptions_ = std::make_shared<Subscriptions>(
        *broker_, shard(),
        Subscriptions::Output{[this](const Subscriptions::Delivery& delivery) {
                                delivered_.push_back(delivery.subscription);
                                room_ -= std::min(room_, delivery.batches.bytes);
                              },
                              [this](std::uint32_t number, const Error& error) { ended_.emplace_back(number, error.code); },
                              [this] { return room_; }, [] {}});
  }
  ~SubscriptionsTest() override {
    on_shard([this] { subscriptions_->close(); });
    EXPECT_TRUE(broker_->stop().has_value());
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
  storage::PosixFileSystem fs_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Broker> broker_;
  std::vector<std::shared_ptr<Partition>> partitions_;
  std::shared_ptr<Subscriptions> subscriptions_;
  std::size_t room_ = 0;  ///< this and what follows: the shard's
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

}  // namespace
}  // namespace leat::server
