#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <iostream>
#include <thread>

#include "leat/admin.hpp"
#include "leat/producer.hpp"
#include "protocol/base/random.hpp"
#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"
#include "system/evidence.hpp"

namespace leat::system_test {
namespace {

constexpr int kRounds = 20;
constexpr int kProducers = 4;
constexpr std::int32_t kPartitions = 3;

/// So that segments are closed and journal files recycled all the time.
std::vector<Setting> small_segments() { return {{"segment.bytes", "65536"}, {"max.message.bytes", "32768"}}; }

ClientOptions quick_to_reconnect(const std::string& url) {
  ClientOptions options;
  options.url = url;
  options.reconnect_backoff_min = std::chrono::milliseconds(5);
  options.reconnect_backoff_max = std::chrono::milliseconds(50);
  return options;
}

/// Publishes without pause, whatever becomes of the broker, until told to stop; then waits for what it has sent.
class Publisher {
 public:
  Publisher(int number, std::uint64_t seed, const std::string& url, Ledger& ledger, std::atomic<std::int64_t>& acknowledged)
      : number_(number), random_(seed), client_(quick_to_reconnect(url)), ledger_(ledger), acknowledged_(acknowledged) {
    thread_ = std::thread([this] { run(); });
  }
  ~Publisher() {
    stop();
    if (thread_.joinable()) thread_.join();
  }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void stop() {
    stopping_ = true;
    resume();
  }
  /// Nothing new is sent until resume(); what was sent goes on.
  void pause() { paused_ = true; }
  void resume() {
    paused_ = false;
    paused_.notify_all();
  }
  /// Records published; only what is acknowledged or refused is over. Empty: everything was acknowledged.
  std::string finish() {
    thread_.join();
    return failure_;
  }
  [[nodiscard]] std::int64_t sent() const { return sent_; }

 private:
  void run() {
    ProducerOptions options;
    options.batch_bytes_max = 16U << 10;
    options.buffer_bytes_max = 256U << 10;
    Producer producer(client_, options);
    while (!stopping_) {
      paused_.wait(true);
      const auto p = static_cast<std::size_t>(random_.next() % kPartitions);
      const std::int64_t sequence = next_.at(p)++;
      const std::string value = evidence_value(number_, sequence, random_.next() % 300);
      const OutgoingRecord record{.value = as_bytes(value), .partition = PartitionId(static_cast<std::int32_t>(p))};
      const auto sent = producer.send("orders", record, [this, sequence](const Result<Delivery>& delivery) {
        if (delivery.has_error()) {
          failure_ = delivery.error().message();
          return;
        }
        ledger_.acknowledged(delivery->partition, delivery->offset, number_, sequence);
        acknowledged_.fetch_add(1);
        acknowledged_.notify_all();
      });
      if (sent.has_error()) {
        failure_ = sent.error().message();
        return;
      }
      ++sent_;
    }
    (void)producer.flush();
  }

  const int number_;
  SeededRandom random_;
  Client client_;
  Ledger& ledger_;
  std::atomic<std::int64_t>& acknowledged_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> paused_{false};
  std::array<std::int64_t, kPartitions> next_{};
  std::int64_t sent_ = 0;
  std::string failure_;  ///< written by the client's thread, read after it has told all outcomes
  std::thread thread_;
};

TEST(Crash, TwentyTimesUnderLoadLosesRepeatsAndReordersNothing) {
  const std::uint64_t seed = SystemRandom().next();
  std::cout << "seed " << seed << "\n";
  SeededRandom random(seed);
  const simulation::TemporaryDirectory directory;
  DaemonOptions options;
  options.data = directory.path() / "data";
  options.environment = small_storage();
  options.environment.emplace_back("LEAT_STORAGE_CHECKPOINT_INTERVAL_MS=100");
  options.wrapper = {"sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""};  // for hundreds of segments
  auto daemon = std::make_unique<Daemon>(options);
  options.port = daemon->port();
  Client client(quick_to_reconnect(daemon->url()));
  ASSERT_TRUE(Admin(client).create_topic({"orders", kPartitions, small_segments()}).has_value());

  Ledger ledger;
  std::atomic<std::int64_t> acknowledged{0};
  std::vector<std::unique_ptr<Publisher>> publishers;
  for (int i = 0; i < kProducers; ++i)
    publishers.push_back(std::make_unique<Publisher>(i, random.next(), daemon->url(), ledger, acknowledged));
  for (int round = 0; round < kRounds; ++round) {
    // The moment: some acknowledgement, wherever the other three producers and the disk are then.
    const std::int64_t moment = acknowledged + 1 + static_cast<std::int64_t>(random.next() % 1500);
    for (std::int64_t now = acknowledged; now < moment; now = acknowledged) acknowledged.wait(now);
    daemon->kill();
    for (const auto& publisher : publishers) publisher->pause();
    daemon = std::make_unique<Daemon>(options);
    EXPECT_EQ(daemon->opened("after_crash"), "true");
    ASSERT_THAT(ledger.faults_of(client, "orders", kPartitions), ::testing::IsEmpty()) << "after crash " << round + 1 << "\n"
                                                                                       << daemon->process().output();
    for (const auto& publisher : publishers) publisher->resume();
  }
  std::int64_t sent = 0;
  for (const auto& publisher : publishers) publisher->stop();
  for (const auto& publisher : publishers) {
    EXPECT_EQ(publisher->finish(), "");
    sent += publisher->sent();
  }
  EXPECT_EQ(static_cast<std::int64_t>(ledger.acknowledged_count()), sent) << "every record, and none under an offset of another";
  EXPECT_THAT(ledger.faults_of(client, "orders", kPartitions), ::testing::IsEmpty());
  EXPECT_EQ(daemon->stop(), 0) << daemon->process().output();
}

}  // namespace
}  // namespace leat::system_test
