#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/native/messages.hpp"
#include "server/broker/shard.hpp"
#include "server/broker/topic_registry.hpp"
#include "server/metrics/store_metrics.hpp"
#include "storage/store_threads.hpp"

namespace leat::server {

/// What the answer that describes a topic has room for.
inline constexpr std::int32_t kTopicPartitionsMax = 16'384;

struct BrokerOptions {
  storage::StoreOptions store;
  storage::MaintenanceOptions maintenance;
  std::size_t shards = 1;
  std::size_t blocking_threads = 2;
  std::int32_t default_partitions = 1;
  std::size_t topics_max = 10'000;
  std::uint64_t batch_bytes_max = 8U << 20;       ///< of a publish: no topic may take larger ones
  std::uint64_t in_flight_bytes_max = 64U << 20;  ///< published and not answered, over all sessions
};

/// The broker without its transports: topics, their partitions spread over the shards, and the store below. Sessions of every
/// transport call it with transport-neutral requests.
class Broker final : public storage::CommitListener {
 public:
  /// Opens the data directory and recovers it. No thread runs before start().
  static Result<std::unique_ptr<Broker>> open(storage::FileSystem& fs, const Clock& clock, Random& random, BrokerOptions options);
  ~Broker() override;

  void start();
  /// Ends the shards' threads, brings everything staged to the disk and closes the data directory. The sessions are gone.
  Result<void> stop();

  // --- any thread
  [[nodiscard]] const TopicRegistry& topics() const { return registry_; }
  [[nodiscard]] std::span<const std::unique_ptr<Shard>> shards() const { return shards_; }
  /// Hands the request to the partition's shard. Its bytes are admitted already.
  void publish(const std::shared_ptr<Partition>& partition, PublishRequest request);
  /// Counts what sessions have in flight; false when it is more than the broker wants.
  bool admit(std::size_t bytes);
  void release(std::size_t bytes);
  /// A write failed: nothing is acknowledged any more.
  [[nodiscard]] bool has_failed() const { return failure_told_.load(); }
  /// Before the transports end their sessions, so that whoever asks whether the broker is ready is told.
  void begin_drain() { draining_ = true; }
  [[nodiscard]] bool draining() const { return draining_; }
  /// Published and not answered, over all sessions.
  [[nodiscard]] std::uint64_t in_flight_bytes() const { return in_flight_bytes_.load(); }
  [[nodiscard]] const StoreMetrics& store_metrics() const { return store_metrics_; }
  /// Runs `work`, which may wait for the disk, on a thread meant for it.
  template <class Work>
  void post_blocking(Work&& work) {
    boost::asio::post(blocking_, std::forward<Work>(work));
  }

  /// The same for a change of the topics, which may take long: they wait for each other and hold up nothing else.
  template <class Work>
  void post_topic_change(Work&& work) {
    boost::asio::post(topic_changes_, std::forward<Work>(work));
  }

  // --- blocking: wait for the disk
  Result<TopicEntryPtr> create_topic(const native::CreateTopic& request);
  Result<TopicEntryPtr> alter_topic(const native::AlterTopic& request);
  Result<void> delete_topic(const std::string& name);
  Result<ProducerId> allocate_producer_id();
  Result<Offset> delete_records(Partition& partition, Offset before);

  [[nodiscard]] storage::Store& store() { return *store_; }
  [[nodiscard]] const BrokerOptions& options() const { return options_; }

 private:
  explicit Broker(BrokerOptions options);
  void end_topic_changes();
  /// Writes what was staged to the segments, or has it written.
  void write_staged(bool journaled);

  void on_durable(const storage::CommitGroup& group) override;
  void on_written(const storage::CommitGroup& group) override;
  void on_failed(const Error& error) override;
  void on_full(bool full, const storage::Space& space) override;
  void on_maintenance_error(const Error& error) override;

  /// Lets the shards look at what the group has moved, those that care or have something stalled.
  template <class Cares>
  void notify(const storage::CommitGroup& group, Cares cares);
  static void tell(Shard& shard, const std::vector<LogId>& logs, bool is_within_a_handler);
  /// Helps a topic's change of durability to its end, so that publishes do not wait for the next checkpoint.
  Result<void> settle(const TopicEntry& topic);
  void retry_stalled(const TopicEntry& topic);
  void tell_settling();
  /// Hands the result on; if it is the failure that ended the store, whoever waits for it is told.
  template <class T>
  Result<T> noted(Result<T> result);
  [[nodiscard]] Shard& owner_of(LogId log) const { return *shards_[log.value() % shards_.size()]; }
  TopicEntryPtr enter(const storage::Topic& topic);
  Result<TopicEntryPtr> alter_topic_in_turn(const native::AlterTopic& request, const storage::TopicSettings& settings);
  Result<storage::TopicSettings> checked_settings(const std::vector<native::Setting>& settings) const;

  const BrokerOptions options_;
  StoreMetrics store_metrics_;
  std::vector<std::unique_ptr<Shard>> shards_;
  boost::asio::thread_pool blocking_;
  boost::asio::thread_pool topic_changes_{1};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::StoreThreads> store_threads_;
  TopicRegistry registry_;
  std::mutex admin_mutex_;  ///< one change of the topics at a time
  std::atomic<std::uint64_t> in_flight_bytes_{0};
  std::atomic<bool> failure_told_{false};
  std::atomic<bool> draining_{false};
  std::mutex written_mutex_;
  std::condition_variable written_;  ///< something was, while somebody settles()
  std::atomic<int> settling_{0};
  std::mutex maintenance_mutex_;
  std::string maintenance_error_;  ///< the last one that was logged
};

}  // namespace leat::server
