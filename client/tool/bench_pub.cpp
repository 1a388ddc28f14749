#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "client/tool/bench.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/pacer.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/text_table.hpp"

namespace leat::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::uint64_t ns_since(SteadyClock::time_point start) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, (SteadyClock::now() - start).count()));
}

/// Bounds the unacknowledged records of one producer. The sender sleeps at the bound until half of them are acknowledged, so that
/// it is woken once for thousands of records.
class Window {
 public:
  explicit Window(std::uint64_t size) : size_(size), wake_at_(size / 2) {}

  /// The sender's: waits for room.
  void take() {
    if (open_.fetch_add(1, std::memory_order_acq_rel) < size_) return;
    std::unique_lock lock(mutex_);
    // `take` has counted one more than is under way.
    room_.wait(lock, [this] { return open_.load(std::memory_order_acquire) <= wake_at_ + 1; });
  }

  /// The sender's: counts a record without waiting.
  void take_unbounded() { open_.fetch_add(1, std::memory_order_acq_rel); }

  /// The client thread's: one record has been acknowledged or has failed.
  void give() {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) != wake_at_ + 2) return;
    const std::lock_guard lock(mutex_);
    room_.notify_one();
  }

 private:
  const std::uint64_t size_;
  const std::uint64_t wake_at_;
  std::atomic<std::uint64_t> open_{0};
  std::mutex mutex_;
  std::condition_variable room_;
};

/// One connection with its producer. prepare() and load() are called by one thread; the callbacks run on the client's.
class Load {
 public:
  Load(const GlobalOptions& global, const Bench& command, std::uint32_t number, std::size_t partitions)
      : command_(command),
        partitions_(partitions),
        payloads_(command.size_bytes, number + 1),
        window_(command.in_flight),
        client_(client_options(global, "leat bench pub")),
        producer_(client_, bench_producer_options(global, command, number)) {}

  /// Connects and publishes what is not counted.
  Result<void> prepare(std::uint64_t records) {
    LEAT_TRY(client_.connect());
    measured_ = false;
    LEAT_TRY(closed_loop(records));
    LEAT_TRY(producer_.flush());
    measured_ = true;
    return failed_ ? Result<void>(*failed_) : ok();
  }

  /// Publishes the records that count and waits for them.
  Result<void> load(std::uint64_t records, SteadyClock::time_point start) {
    if (command_.rate) {
      LEAT_TRY(open_loop(records, Pacer(start, *command_.rate / command_.producers)));
    } else {
      LEAT_TRY(closed_loop(records));
    }
    LEAT_TRY(producer_.flush());
    return failed_ ? Result<void>(*failed_) : ok();
  }

  [[nodiscard]] const LatencyHistogram& latency_ns() const { return latency_ns_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }

 private:
  Result<void> closed_loop(std::uint64_t records) {
    for (std::uint64_t i = 0; i < records && !has_failed_.load(std::memory_order_relaxed); ++i) {
      window_.take();
      LEAT_TRY(send(i, is_timed(command_, i) ? SteadyClock::now() : SteadyClock::time_point()));
    }
    return ok();
  }

  Result<void> open_loop(std::uint64_t records, const Pacer& pacer) {
    sharpen_sleep();
    for (std::uint64_t sent = 0; sent < records && !has_failed_.load(std::memory_order_relaxed);) {
      const auto due = std::min(records, pacer.due(SteadyClock::now()));
      if (sent == due) std::this_thread::sleep_until(pacer.intended(sent));
      for (; sent < due; ++sent) {
        window_.take_unbounded();
        LEAT_TRY(send(sent, pacer.intended(sent)));
      }
    }
    return ok();
  }

  Result<void> send(std::uint64_t number, SteadyClock::time_point intended) {
    OutgoingRecord record;
    record.value = payloads_.value(number);
    if (command_.spread) record.partition = PartitionId(static_cast<std::int32_t>(number % partitions_));
    return producer_.send(command_.topic, record,
                          [this, intended](const Result<Delivery>& delivery) { done(delivery, intended); });
  }

  void done(const Result<Delivery>& delivery, SteadyClock::time_point intended) {
    if (delivery.has_error()) {
      if (!failed_) failed_ = delivery.error();
      has_failed_.store(true, std::memory_order_relaxed);
    } else if (measured_) {
      if (intended != SteadyClock::time_point()) latency_ns_.record(ns_since(intended));
      acknowledged_.fetch_add(1, std::memory_order_relaxed);
    }
    window_.give();
  }

  const Bench& command_;
  const std::size_t partitions_;
  Payloads payloads_;
  Window window_;
  LatencyHistogram latency_ns_;
  bool measured_ = false;        ///< changes only while nothing is under way
  std::optional<Error> failed_;  ///< the client thread's, then anybody's after flush()
  std::atomic<bool> has_failed_{false};
  std::atomic<std::uint64_t> acknowledged_{0};
  // Last, so that they go first: no callback comes after them.
  Client client_;
  Producer producer_;
};

}  // namespace

Result<void> bench_pub(const GlobalOptions& global, const Bench& command, BenchResult& result) {
  std::size_t partitions = 0;
  {
    Client client(client_options(global, "leat bench"));
    LEAT_TRY(client.connect());
    Admin admin(client);
    LEAT_ASSIGN(const auto topic, find_topic(admin, command.topic, true));
    partitions = topic.info.partitions.size();
  }
  std::vector<std::unique_ptr<Load>> loads;
  for (std::uint32_t i = 0; i < command.producers; ++i) {
    loads.push_back(std::make_unique<Load>(global, command, i, partitions));
    LEAT_TRY(loads.back()->prepare(share_of(command.warmup_records, command.producers, i)));
  }
  const auto start = SteadyClock::now();
  // Open loops take turns, so that their records are spread evenly.
  const std::chrono::nanoseconds turn(command.rate ? static_cast<std::int64_t>(1e9 / *command.rate) : 0);
  std::vector<Result<void>> outcomes(command.producers, ok());
  {
    const Progress progress(!global.quiet, [&loads] {
      std::uint64_t done = 0;
      for (const auto& load : loads) done += load->acknowledged();
      return counted(done, "record") + " acknowledged";
    });
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < command.producers; ++i) {
      threads.emplace_back(
          [&, i] { outcomes[i] = loads[i]->load(share_of(command.records, command.producers, i), start + i * turn); });
    }
    for (auto& thread : threads) thread.join();
  }
  result.seconds = static_cast<double>(ns_since(start)) / 1e9;
  for (auto& outcome : outcomes) LEAT_TRY(std::move(outcome));
  for (const auto& load : loads) result.latency_ns.add(load->latency_ns());
  result.latency_name = "ack_us";
  result.records = command.records;
  result.size_bytes = static_cast<std::size_t>(command.records) * command.size_bytes;
  return ok();
}

}  // namespace leat::tool
