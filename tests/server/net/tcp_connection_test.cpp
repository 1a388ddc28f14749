#include "server/net/tcp_connection.hpp"

#include <gtest/gtest.h>

#include <boost/asio/write.hpp>
#include <deque>
#include <future>

#include "server/support/rounds.hpp"

namespace leat::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kBlock = 256U << 10;

/// Takes frames of lengths that are agreed upon; the first one stays in flight until the test lets go of it.
class FrameSession final : public Session {
 public:
  explicit FrameSession(std::deque<std::size_t> frames) : frames_(std::move(frames)) {}

  Result<Consumed> on_input(const Input& input) override {
    if (frames_.empty()) return Consumed{};
    const std::size_t frame = frames_.front();
    if (input.unread.size() < frame) return Consumed{0, frame};
    if (!std::exchange(first_came_, true)) in_flight = input.buffer.share(input.unread.first(frame));
    frames_.pop_front();
    if (frames_.empty()) all_came.set_value();
    return Consumed{frame, 0};
  }
  [[nodiscard]] bool wants_input() const override { return true; }
  void on_flushed() override {}
  void drain() override {}
  void on_closed() override {}
  [[nodiscard]] bool established() const override { return true; }
  [[nodiscard]] bool keeps_others_waiting() const override { return others_wait; }

  std::atomic<bool> others_wait = false;
  SharedBytes in_flight;
  std::promise<void> all_came;

 private:
  std::deque<std::size_t> frames_;
  bool first_came_ = false;
};

/// Takes single bytes, and stops after each; what lets it go on is on its way then.
class HesitantSession final : public Session {
 public:
  HesitantSession(Shard& shard, std::size_t bytes) : left_(bytes), shard_(shard) {}

  Result<Consumed> on_input(const Input& input) override {
    if (!wants_ || input.unread.empty()) return Consumed{0, 1};
    wants_ = false;
    shard_.post([this] {
      wants_ = true;
      if (left_ > 0) connection->resume_reading();
    });
    if (--left_ == 0) all_came.set_value();
    return Consumed{1, 0};
  }
  [[nodiscard]] bool wants_input() const override { return wants_; }
  void on_flushed() override {}
  void drain() override {}
  void on_closed() override {}
  [[nodiscard]] bool established() const override { return true; }
  [[nodiscard]] bool keeps_others_waiting() const override { return false; }

  Connection* connection = nullptr;
  std::promise<void> all_came;

 private:
  std::size_t left_;
  bool wants_ = true;
  Shard& shard_;
};

/// Only what others' waiting does to a connection may end it here.
constexpr ConnectionTimeouts kTimeouts{std::chrono::hours(1), std::chrono::hours(1), std::chrono::hours(1)};

/// A connection that receives into memory of which there is one block.
class TcpConnectionTest : public ::testing::Test {
 protected:
  ~TcpConnectionTest() override {
    on_shard([this] { connection_->close(); });
    settle();
    shard_.stop();
  }

  void start(std::deque<std::size_t> frames) {
    shard_.start();
    connect(memory_);
    session_ = std::make_shared<FrameSession>(std::move(frames));
    on_shard([this] { connection_->start(session_, [this] { ended_.set_value(); }); });
  }
  void connect(const std::shared_ptr<const ReceiveMemory>& memory) {
    tcp::acceptor acceptor(client_io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    client_.close();
    client_.connect(acceptor.local_endpoint());
    connection_ = std::make_shared<TcpConnection>(acceptor.accept(shard_.io()), shard_, memory, kTimeouts);
  }
  template <class Work>
  void on_shard(Work work) {
    std::promise<void> done;
    shard_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  /// What is under way on the shard has posted what it will, and that has run.
  void settle() {
    for (int round = 0; round < 4; ++round) await_round_end(shard_);
  }
  void send(std::size_t bytes) { asio::write(client_, asio::buffer(std::vector<std::byte>(bytes))); }
  void wait_until_it_waits_for_room() {
    while (!memory_->budget->has_waiting()) on_shard([] {});
  }

  const std::shared_ptr<const ReceiveMemory> memory_ = std::make_shared<ReceiveMemory>(kBlock, 8, kBlock);
  asio::io_context client_io_;
  tcp::socket client_{client_io_};
  Shard shard_{0};
  std::shared_ptr<FrameSession> session_;
  std::shared_ptr<TcpConnection> connection_;
  std::promise<void> ended_;
};

TEST_F(TcpConnectionTest, RoomThatComesWhenItIsNotNeededAnyMoreIsLeftToOthers) {
  constexpr std::size_t kFirst = 20'000;
  constexpr std::size_t kSecond = 250'000;
  start({kFirst, kSecond});
  send(kFirst + 100);
  wait_until_it_waits_for_room();
  on_shard([this] {
    session_->in_flight = {};  // its block is the connection's alone again, and has room
    connection_->resume_reading();
  });
  send(kSecond - 100);
  session_->all_came.get_future().wait();
  settle();
  EXPECT_FALSE(memory_->budget->has_waiting());
  EXPECT_EQ(memory_->budget->used_bytes(), 0U) << "the connection is quiet";
}

TEST_F(TcpConnectionTest, APeerThatTakesNothingIsClosedOnceOthersWaitForItsMemory) {
  start({1});
  on_shard([this] {
    connection_->send(SharedBytes(std::vector<std::byte>(64U << 20)), false);  // more than sockets take
    connection_->flush_soon();
  });
  settle();
  session_->others_wait = true;
  ended_.get_future().wait();
}

TEST_F(TcpConnectionTest, AnUnfinishedFrameIsGivenUpOnceOthersWaitForItsMemory) {
  start({kBlock});
  send(kBlock / 2);
  bool holds_block = false;
  while (!holds_block) on_shard([&] { holds_block = memory_->budget->used_bytes() > 0; });
  memory_->budget->wait(1000, [](ByteBudget::Ticket, const ByteBudget::Share&) {});
  ended_.get_future().wait();
}

// However many reads in a row it came with: the shard's other work has its turn in between, and may let the session go on.
TEST_F(TcpConnectionTest, WhatWasReceivedIsHandledThoughNothingMoreComes) {
  shard_.start();
  constexpr std::size_t kSmallBlock = 4096;
  const auto memory = std::make_shared<const ReceiveMemory>(kSmallBlock, 8, 8 * kSmallBlock);
  for (std::size_t reads = 1; reads <= 20; ++reads) {
    if (connection_) on_shard([this] { connection_->close(); });
    connect(memory);
    const auto session = std::make_shared<HesitantSession>(shard_, reads * kSmallBlock);
    session->connection = connection_.get();
    send(reads * kSmallBlock);
    on_shard([&] { connection_->start(session, [] {}); });
    ASSERT_EQ(session->all_came.get_future().wait_for(std::chrono::minutes(1)), std::future_status::ready) << reads;
    settle();
  }
}

}  // namespace
}  // namespace leat::server
