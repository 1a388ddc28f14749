#include "server/session/native_session.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>

#include "protocol/base/random.hpp"
#include "protocol/record/batch_validator.hpp"
#include "server/net/receive_buffer.hpp"
#include "server/support/batches.hpp"
#include "simulation/temporary_directory.hpp"
#include "storage/io/posix_file_system.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kSendBudget = 1U << 20;
constexpr std::size_t kBlockingThreads = 2;

/// A peer that takes everything at once. Any thread.
class EagerPeer final : public Connection {
 public:
  void send(SharedBytes bytes, bool) override {
    const std::lock_guard lock(mutex_);
    sent_.insert(sent_.end(), bytes.span().begin(), bytes.span().end());
    came_.notify_all();
  }
  void flush_soon() override {}
  [[nodiscard]] std::size_t unsent_bytes() const override { return 0; }
  void resume_reading() override {}
  void close_when_flushed() override {}

  template <class Kind>
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_locked<Kind>();
  }
  template <class Kind>
  [[nodiscard]] bool wait_for(std::size_t times) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, std::chrono::seconds(30), [&] { return count_locked<Kind>() >= times; });
  }

 private:
  template <class Kind>
  [[nodiscard]] std::size_t count_locked() const {
    std::size_t count = 0;
    ByteSpan rest = sent_;
    while (true) {
      const auto found = native::next_frame(rest, std::size_t{1} << 30).value();
      const auto* frame = std::get_if<native::FrameView>(&found);
      if (frame == nullptr) return count;
      if (std::holds_alternative<Kind>(native::decode_header(frame->header)->message)) ++count;
      rest = rest.subspan(frame->bytes);
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::byte> sent_;
};

class AnySink final : public PublishSink {
 public:
  explicit AnySink(Shard& shard) : shard_(shard) {}
  void on_published(std::span<const PublishOutcome> outcomes) override { ack_.set_value(outcomes.front().ack.has_value()); }
  [[nodiscard]] Shard& shard() const override { return shard_; }
  bool wait() { return ack_.get_future().get(); }

 private:
  Shard& shard_;
  std::promise<bool> ack_;
};

/// Keeps threads busy until it is opened.
class Gate {
 public:
  ~Gate() { open(); }
  void open() {
    if (!std::exchange(opened_, true)) promise_.set_value();
  }
  auto waiter() {
    return [opened = future_] { opened.wait(); };
  }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
  bool opened_ = false;
};

/// One session of a broker with one shard, without a socket.
class NativeSessionTest : public ::testing::Test {
 protected:
  NativeSessionTest() {
    BrokerOptions options;
    options.store.data_dir = directory_.path() / "data";
    options.store.journal.file_bytes = 4U << 20;
    options.store.disk_reserve_bytes = 0;
    options.blocking_threads = kBlockingThreads;
    broker_ = Broker::open(fs_, clock_, random_, options).value();
    broker_->start();
    partition_ = broker_->create_topic({"orders", 1, {}}).value()->partitions.front();
    session_ = std::make_shared<NativeSession>(*broker_, shard(), peer_, sending_, NativeSessionOptions{});
    on_shard([this] { session_->start(); });
    give(native::Hello{1, 1, "test", "1"});
  }
  ~NativeSessionTest() override {
    on_shard([this] { session_->on_closed(); });
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
  void give(const native::Message& request) {
    std::vector<std::byte> frame;
    native::encode_frame(request, ++correlation_, 0, frame);
    on_shard([&] { EXPECT_EQ(session_->on_input({frame, buffer_})->bytes, frame.size()); });
  }
  /// By somebody else; what it causes on the shard has happened.
  void publish(std::size_t value_bytes) {
    const SharedBytes batch(large_batch(value_bytes));
    const auto sink = std::make_shared<AnySink>(shard());
    broker_->publish(partition_,
                     {record::validate_for_append(batch.span(), {1U << 20}).value(), batch, native::AckLevel::durable, 1, sink});
    ASSERT_TRUE(sink->wait());
    on_shard([] {});
  }
  void subscribe() { give(native::Subscribe{1, partition_->id(), Offset(0), 1U << 30}); }

  simulation::TemporaryDirectory directory_;
  storage::PosixFileSystem fs_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Broker> broker_;
  std::shared_ptr<Partition> partition_;
  EagerPeer peer_;
  std::shared_ptr<ByteBudget> sending_ = std::make_shared<ByteBudget>(kSendBudget);
  std::shared_ptr<NativeSession> session_;
  ReceiveBuffer buffer_{std::make_shared<ReceiveMemory>(256U << 10, 1, 1U << 20)};
  std::uint64_t correlation_ = 0;
};

TEST_F(NativeSessionTest, ASlowAnswerDoesNotStopTheReadingOfWhatComesAfterIt) {
  Gate gate;
  for (std::size_t i = 0; i < kBlockingThreads; ++i) broker_->post_blocking(gate.waiter());
  give(native::DescribeTopic{"orders"});
  give(native::Ping{});
  EXPECT_EQ(peer_.count<native::Pong>(), 1U);
  EXPECT_EQ(peer_.count<native::TopicReply>(), 0U);
  gate.open();
  EXPECT_TRUE(peer_.wait_for<native::TopicReply>(1));
}

TEST_F(NativeSessionTest, ASlowChangeOfTheTopicsHoldsUpOnlyOtherChanges) {
  Gate gate;
  broker_->post_topic_change(gate.waiter());
  give(native::DeleteTopic{"none"});
  for (const char* name : {"a", "b"}) give(native::CreateTopic{name, 1, {}});
  give(native::InitProducer{});
  give(native::ListOffsets{partition_->id(), native::OffsetSpec::latest, 0});
  EXPECT_TRUE(peer_.wait_for<native::InitProducerReply>(1));
  EXPECT_TRUE(peer_.wait_for<native::ListOffsetsReply>(1));
  EXPECT_EQ(peer_.count<native::TopicReply>(), 0U);
  gate.open();
  EXPECT_TRUE(peer_.wait_for<native::TopicReply>(2));
}

TEST_F(NativeSessionTest, AShortListOfTopicsWaitsForNoOtherPeer) {
  const ByteBudget::Share all = sending_->take(kSendBudget);
  give(native::ListTopics{});
  EXPECT_TRUE(peer_.wait_for<native::TopicListReply>(1));
}

TEST_F(NativeSessionTest, KeepsOthersWaitingOnlyWithAShareOrAPlaceInTheLine) {
  ByteBudget::Share all = sending_->take(kSendBudget);
  const auto other = sending_->wait(1, [](ByteBudget::Ticket, const ByteBudget::Share&) {});
  on_shard([this] { EXPECT_FALSE(session_->keeps_others_waiting()) << "it has nothing"; });
  subscribe();
  publish(50'000);
  on_shard([this] { EXPECT_TRUE(session_->keeps_others_waiting()) << "it is in the line"; });
  sending_->cancel(other);
  on_shard([this] { EXPECT_FALSE(session_->keeps_others_waiting()) << "there are no others"; });
}

TEST_F(NativeSessionTest, ASmallDeliveryWaitsForNoOtherPeer) {
  const ByteBudget::Share all = sending_->take(kSendBudget);
  subscribe();
  publish(100);
  EXPECT_EQ(peer_.count<native::Deliver>(), 1U);
  publish(100);
  EXPECT_EQ(peer_.count<native::Deliver>(), 2U);
}

TEST_F(NativeSessionTest, ALargeDeliveryWaitsForItsShare) {
  ByteBudget::Share all = sending_->take(kSendBudget);
  subscribe();
  publish(50'000);
  publish(100);
  EXPECT_EQ(peer_.count<native::Deliver>(), 0U);
  all.resize(0);
  EXPECT_TRUE(peer_.wait_for<native::Deliver>(1));
}

}  // namespace
}  // namespace leat::server
