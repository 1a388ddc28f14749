#include "server/broker/shard.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

#include "protocol/base/assert.hpp"
#include "server/broker/partition.hpp"

namespace leat::server {
namespace {

constexpr std::chrono::milliseconds kRetryInterval{20};

/// Handlers that are ready together share a round. Asking for more is a system call, though, and in vain where one connection is
/// busy: after so many rounds in which it was, only one in so many asks.
constexpr int kRoundsToLook = 64;
constexpr int kRoundsWithoutLook = 16;
constexpr int kMoreHandlersMax = 16;

/// sendfile() has no MSG_NOSIGNAL, and a peer that is gone is no reason to end the process.
void block_sigpipe() {
  sigset_t signals{};
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

void Shard::start() {
  thread_ = std::thread([this] {
    own_thread_ = std::this_thread::get_id();
    ::pthread_setname_np(::pthread_self(), ("leat-shard-" + std::to_string(number_)).c_str());
    block_sigpipe();
    if (!yield_) yield_ = [] { ::sched_yield(); };
    run();
  });
}

void Shard::stop() {
  work_.reset();
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void Shard::run() {
  while (true) {
    const std::size_t ran = has_more_to_end() ? io_.poll_one() : io_.run_one();
    if (io_.stopped()) return;
    end_round(ran == 0 || !run_more());
  }
}

bool Shard::poll() {
  for (bool busy = false;; busy = true) {
    const bool ends = has_more_to_end();
    const std::size_t ran = io_.poll_one();
    if (ran == 0 && !ends) return busy;
    end_round(ran == 0 || !run_more());
  }
}

void Shard::defer(std::function<void()> work) {
  LEAT_ASSERT(on_own_thread());  // nobody would wake the thread for it
  deferred_.push_back(std::move(work));
}

void Shard::defer_yield() {
  LEAT_ASSERT(on_own_thread());
  ++yields_deferred_;
  yield_before_ = deferred_.size();
}

void Shard::yield() {
  const auto from = YieldPause::Clock::now();
  if (!yield_ || !yield_pause_.is_over(from)) return;
  yield_();
  yield_pause_.yielded(from, YieldPause::Clock::now());
}

void Shard::write_soon(bool journaled) {
  LEAT_ASSERT(on_own_thread());
  writes_staged_ = true;
  writes_journaled_ = writes_journaled_ || journaled;
}

bool Shard::run_more() {
  if (rounds_to_look_ == 0 && ++rounds_without_look_ < kRoundsWithoutLook) return false;
  rounds_without_look_ = 0;
  int more = 0;
  while (more < kMoreHandlersMax && io_.poll_one() > 0) ++more;
  rounds_to_look_ = more > 0 ? kRoundsToLook : std::max(0, rounds_to_look_ - 1);
  return more > 0;
}

void Shard::end_round(bool is_quiet) {
  if (std::exchange(writes_staged_, false) && write_staged_) write_staged_(std::exchange(writes_journaled_, false));
  // What they defer themselves waits for its turn: they may go on for as long as a peer takes what it is sent.
  deferred_.swap(running_);
  const bool yields = std::exchange(yields_deferred_, 0) == 1 && is_quiet && yield_before_ > 0;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (yields && i == yield_before_) yield();
    running_[i]();
  }
  running_.clear();
}

Partition* Shard::owned(LogId log) const {
  const auto found = partitions_.find(log);
  return found == partitions_.end() ? nullptr : found->second.get();
}

void Shard::add_stalled(std::shared_ptr<Partition> partition) {
  if (std::ranges::find(stalled_, partition) == stalled_.end()) stalled_.push_back(std::move(partition));
  has_stalled_.store(true);
  arm_retry_timer();
}

void Shard::retry_stalled() {
  if (stalled_.empty()) return;
  const auto waiting = std::exchange(stalled_, {});
  std::vector<std::shared_ptr<Partition>> served;
  for (const auto& partition : waiting) {
    switch (partition->retry()) {
      case Partition::Retried::nothing:
        stalled_.push_back(partition);
        break;
      case Partition::Retried::some:
        served.push_back(partition);
        break;
      case Partition::Retried::everything:
        break;
    }
  }
  stalled_.insert(stalled_.end(), served.begin(), served.end());
  has_stalled_.store(!stalled_.empty());
}

void Shard::arm_retry_timer() {
  if (retry_timer_armed_) return;
  retry_timer_armed_ = true;
  retry_timer_.expires_after(kRetryInterval);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    retry_timer_armed_ = false;
    if (error) return;
    retry_stalled();
    if (!stalled_.empty()) arm_retry_timer();
  });
}

LagReport Shard::lag() const {
  LagReport report;
  for (const LagSource* source : lag_sources_) source->report_lag(report);
  return report;
}

void Shard::watch(Partition& partition, PartitionWatcher& watcher) {
  auto& watchers = watchers_[&partition];
  if (std::ranges::find(watchers, &watcher) != watchers.end()) return;
  watchers.push_back(&watcher);
  ++watch_changes_;
  partition.set_interest(number_);
}

void Shard::unwatch(Partition& partition, PartitionWatcher& watcher) {
  const auto found = watchers_.find(&partition);
  if (found == watchers_.end()) return;
  std::erase(found->second, &watcher);
  ++watch_changes_;
  if (!found->second.empty()) return;
  watchers_.erase(found);
  partition.clear_interest(number_);
}

std::size_t Shard::watchers(Partition& partition) const {
  const auto found = watchers_.find(&partition);
  return found == watchers_.end() ? 0 : found->second.size();
}

void Shard::wake_watchers(Partition& partition) {
  const auto found = watchers_.find(&partition);
  if (found == watchers_.end()) return;
  // A watcher may leave, or others join, while it is told.
  const std::vector<PartitionWatcher*> watchers = found->second;
  const std::uint64_t changes = watch_changes_;
  for (PartitionWatcher* watcher : watchers) {
    if (watch_changes_ == changes) {
      watcher->on_advanced(partition);
      continue;
    }
    const auto now = watchers_.find(&partition);
    if (now == watchers_.end()) return;
    if (std::ranges::find(now->second, watcher) != now->second.end()) watcher->on_advanced(partition);
  }
}

}  // namespace leat::server
