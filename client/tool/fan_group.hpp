#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/src/block_pool.hpp"
#include "client/src/connection.hpp"
#include "client/tool/latency_histogram.hpp"
#include "client/tool/stamp_reader.hpp"
#include "leat/admin.hpp"

namespace leat::tool {

class FanSubscriber;

/// Subscribers of all partitions of a topic from their ends on, each on a connection of its own, thousands on one thread. They
/// are no Clients: one that loses its connection ends the whole with an error. Every public function is the main thread's.
class FanGroup {
 public:
  using Time = std::chrono::steady_clock::time_point;

  FanGroup(client::Endpoint endpoint, TopicInfo topic, std::uint64_t run);
  ~FanGroup();
  FanGroup(const FanGroup&) = delete;
  FanGroup& operator=(const FanGroup&) = delete;

  /// Connects them, a hundred at a time; on return all of them follow the topic.
  Result<void> begin(std::uint32_t subscribers);
  /// Until all subscribers together have received so many of the run's records, or until `deadline`: false. An error when one of
  /// them failed.
  Result<bool> wait_for(std::uint64_t deliveries, Time deadline);
  [[nodiscard]] std::uint64_t delivered() const { return delivered_.load(std::memory_order_acquire); }
  /// Subscribers that follow the topic.
  [[nodiscard]] std::uint32_t ready() const { return ready_.load(std::memory_order_acquire); }

  struct Figures {
    std::uint64_t deliveries = 0;  ///< that were to be measured
    std::size_t size_bytes = 0;    ///< of their values
    Time last;
  };
  /// Ends the subscribers; none of the following may be called before.
  void end();
  [[nodiscard]] const Figures& figures() const { return figures_; }
  [[nodiscard]] const LatencyHistogram& latency_ns() const { return latency_ns_; }

 private:
  friend class FanSubscriber;

  // The group's thread.
  void start_next();
  void on_ready();
  void on_failed(const Error& error);
  Result<void> took(ByteSpan batches);

  const client::ConnectionOptions options_;
  const TopicInfo topic_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::shared_ptr<client::BlockPool> blocks_;
  std::vector<std::shared_ptr<FanSubscriber>> subscribers_;
  std::uint32_t wanted_ = 0;
  bool ended_ = false;
  StampReader reader_;
  Figures figures_;
  LatencyHistogram latency_ns_;
  std::thread thread_;

  // What the main thread waits for. Notified under the lock, and only when what it waits for may have come.
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> awaited_{std::numeric_limits<std::uint64_t>::max()};
  std::atomic<std::uint32_t> ready_{0};
  std::mutex mutex_;
  std::condition_variable happened_;
  std::optional<Error> failure_;
};

}  // namespace leat::tool
