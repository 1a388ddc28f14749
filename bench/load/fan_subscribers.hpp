#pragma once

#include <atomic>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "bench/load/peer.hpp"
#include "client/tool/latency_histogram.hpp"

namespace leat::load {

/// Subscribers of a topic from its end on, each on a connection of its own, all of them on one thread. One that fails ends the
/// whole with an error. Every public function is the main thread's.
class FanSubscribers final : private ValueSink {
 public:
  explicit FanSubscribers(std::uint64_t run) : run_(run) {}
  ~FanSubscribers() override { end(); }
  FanSubscribers(const FanSubscribers&) = delete;
  FanSubscribers& operator=(const FanSubscribers&) = delete;

  /// On return all of them follow the topic.
  Result<void> begin(Peer& peer, std::uint32_t subscribers);
  /// Until all subscribers together have received so many of the run's records, or until `deadline`: false. An error when one of
  /// them failed.
  Result<bool> wait_for(std::uint64_t deliveries, Time deadline);
  [[nodiscard]] std::uint64_t delivered() const { return delivered_.load(std::memory_order_acquire); }

  struct Figures {
    std::uint64_t deliveries = 0;  ///< that were to be measured
    std::size_t size_bytes = 0;    ///< of their values
    Time last;
  };
  /// Ends the subscribers; neither of the following may be called before.
  void end();
  [[nodiscard]] const Figures& figures() const { return figures_; }
  [[nodiscard]] const tool::LatencyHistogram& latency_ns() const { return latency_ns_; }

 private:
  Result<void> watch(Subscriber& subscriber);
  void receive_until_stopped();
  Result<void> receive_round();
  void take(ByteSpan value) override;

  const std::uint64_t run_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::thread thread_;
  std::atomic<bool> stopped_{false};

  // The thread's own.
  Time now_;
  std::uint64_t taken_ = 0;
  Figures figures_;
  tool::LatencyHistogram latency_ns_;

  // What the main thread waits for. Notified under the lock, and only when what it waits for may have come.
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> awaited_{std::numeric_limits<std::uint64_t>::max()};
  std::mutex mutex_;
  std::condition_variable happened_;
  std::optional<Error> failure_;
};

}  // namespace leat::load
