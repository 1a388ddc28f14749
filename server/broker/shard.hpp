#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "protocol/base/ids.hpp"
#include "server/broker/yield_pause.hpp"
#include "server/metrics/lag.hpp"
#include "server/metrics/shard_metrics.hpp"

namespace leat::server {

class Partition;

/// Wants to know when there is more to read in a partition. Called on the shard it registered with.
class PartitionWatcher {
 public:
  virtual ~PartitionWatcher() = default;
  virtual void on_advanced(Partition& partition) = 0;
};

/// One thread and what belongs to it: an io_context, the partitions it owns, the sessions it runs. Everything but post() is
/// called on the shard's own thread.
///
/// The thread works in rounds: a handler, or several that are ready together, and then what they left for the round's end, which
/// is done once for all of them: writing what was staged, sending what was queued.
class Shard {
 public:
  /// `write_staged` is called at the end of a round that staged something that it is for; with true when some of it goes through
  /// the journal. `yield` gives the processor away; without one a shard with a thread of its own calls sched_yield().
  explicit Shard(std::size_t number, std::function<void(bool)> write_staged = nullptr, std::function<void()> yield = nullptr)
      : number_(number),
        write_staged_(std::move(write_staged)),
        yield_(std::move(yield)),
        io_(1),
        work_(boost::asio::make_work_guard(io_)),
        retry_timer_(io_) {}
  ~Shard() { stop(); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void start();
  /// Instead of start(): the calling thread is the shard's, and calls poll(). For a broker that one thread drives.
  void adopt_this_thread() { own_thread_ = std::this_thread::get_id(); }
  /// Rounds until nothing is ready; false when nothing was.
  bool poll();
  /// Ends the thread once what is under way on it has returned; handlers that were posted and did not run are destroyed with the
  /// shard.
  void stop();

  /// Runs `work` on the shard's thread; any thread.
  template <class Work>
  void post(Work&& work) {
    boost::asio::post(io_, std::forward<Work>(work));
  }
  /// Runs `work` at the end of the round; of the next one, when it is called from there.
  void defer(std::function<void()> work);
  /// Lets those who are sent something by what is deferred so far run before the rest, if they wait for this thread's processor.
  /// Only in a round with nothing else to do: one handler, and one such call.
  void defer_yield();
  [[nodiscard]] bool on_own_thread() const { return std::this_thread::get_id() == own_thread_; }

  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] boost::asio::io_context& io() { return io_; }

  void own(LogId log, std::shared_ptr<Partition> partition) { partitions_.insert_or_assign(log, std::move(partition)); }
  void disown(LogId log) { partitions_.erase(log); }
  /// Null when the shard does not own it (any more).
  [[nodiscard]] Partition* owned(LogId log) const;
  [[nodiscard]] const std::unordered_map<LogId, std::shared_ptr<Partition>>& partitions() const { return partitions_; }

  /// The log takes nothing of this partition now: Partition::retry() is called whenever it may take more.
  void add_stalled(std::shared_ptr<Partition> partition);
  /// Gives every stalled partition its turn; one that got something goes behind those that did not.
  void retry_stalled();
  /// Any thread. Set before the last look at the log that made a partition stalled: whoever makes room afterwards sees it.
  [[nodiscard]] bool has_stalled() const { return has_stalled_.load(); }

  /// Something was staged that is wanted in its segments at the end of the round, through the journal or not.
  void write_soon(bool journaled);

  /// How many publishes wait to be written. Raised before the last look at how far the log is written.
  void count_waiting_for_written(std::ptrdiff_t change) { waiting_for_written_.fetch_add(change); }
  /// Any thread. A change of its own to the count, of nothing: whoever is counted later then sees what was written before.
  [[nodiscard]] bool waits_for_written() { return waiting_for_written_.fetch_add(0) > 0; }

  /// `watcher` is told of every advance of the partition from now on, until it is removed. Look at the partition's high watermark
  /// after this returned: an advance before is not told.
  void watch(Partition& partition, PartitionWatcher& watcher);
  void unwatch(Partition& partition, PartitionWatcher& watcher);
  void wake_watchers(Partition& partition);
  /// How many sessions of this shard watch it.
  [[nodiscard]] std::size_t watchers(Partition& partition) const;

  void add_lag_source(const LagSource& source) { lag_sources_.insert(&source); }
  void remove_lag_source(const LagSource& source) { lag_sources_.erase(&source); }
  [[nodiscard]] LagReport lag() const;
  /// Any thread may read them.
  [[nodiscard]] ShardMetrics& metrics() { return metrics_; }

 private:
  void run();
  /// More handlers that are ready now, if it is worth asking for them; false if there were none.
  bool run_more();
  [[nodiscard]] bool has_more_to_end() const { return writes_staged_ || !deferred_.empty(); }
  void end_round(bool is_quiet);
  void yield();
  void arm_retry_timer();

  const std::size_t number_;
  const std::function<void(bool)> write_staged_;
  std::function<void()> yield_;
  bool writes_staged_ = false;
  bool writes_journaled_ = false;
  int rounds_to_look_ = 0;       ///< so many more ask what else is ready
  int rounds_without_look_ = 0;  ///< since the last that asked
  ShardMetrics metrics_;         ///< before io_: connections that end with it count until then
  std::unordered_set<const LagSource*> lag_sources_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::function<void()>> deferred_;
  std::vector<std::function<void()>> running_;  ///< those of the round that ends; kept for its memory
  YieldPause yield_pause_;
  int yields_deferred_ = 0;
  std::size_t yield_before_ = 0;  ///< the place in `deferred_`
  std::thread thread_;
  std::atomic<std::thread::id> own_thread_;
  std::unordered_map<LogId, std::shared_ptr<Partition>> partitions_;
  std::unordered_map<Partition*, std::vector<PartitionWatcher*>> watchers_;
  std::uint64_t watch_changes_ = 0;
  std::vector<std::shared_ptr<Partition>> stalled_;
  std::atomic<bool> has_stalled_{false};
  std::atomic<std::ptrdiff_t> waiting_for_written_{0};
  boost::asio::steady_timer
      retry_timer_;  ///< for what no group's completion tells: a change of durability that is through, a full disk
  bool retry_timer_armed_ = false;
};

}  // namespace leat::server
