#include "storage/store_threads.hpp"

#include <utility>

#include "storage/io/this_thread.hpp"

namespace leat::storage {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kFullRetryInterval{200};

/// Of one that somebody's acknowledgement waits for.
void begin_writer(const char* name) {
  name_this_thread(name);
  shorten_turns_of_this_thread();
}

}  // namespace

StoreThreads::StoreThreads(Store& store, CommitListener& listener, MaintenanceOptions options)
    : store_(store),
      listener_(listener),
      options_(options),
      last_checkpoint_(SteadyClock::now()),
      last_retention_(last_checkpoint_) {
  maintenance_ = std::thread([this] { run_maintenance(); });
  segments_ = std::thread([this] { run_segments(); });
  journal_ = std::thread([this] { run_journal(); });
}

StoreThreads::~StoreThreads() {
  store_.queue().stop();
  // Maintenance goes on until the journal is through: it may be waiting for a checkpoint.
  journal_.join();
  segments_.join();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  maintenance_wanted_.notify_all();
  maintenance_.join();
}

void StoreThreads::run_journal() {
  begin_writer("leat-journal");
  journal_groups();
  store_.queue().end_journal();
}

void StoreThreads::journal_groups() {
  while (true) {
    auto group = store_.journal_one();
    if (group.has_error()) {
      if (group.error().code != Errc::journal_full) return listener_.on_failed(group.error());
      // What it has no room for stays in the queue for Store::close; or whoever failed has said so.
      if (!wait_for_maintenance()) return;
      continue;
    }
    if (*group) {
      listener_.on_durable(**group);
      if (store_.journal().free_files() == 0 || store_.wants_checkpoint()) poke_maintenance();
      continue;
    }
    if (store_.queue().stopped() || store_.queue().failed()) return;
    store_.queue().wait_for_journal_work();
  }
}

void StoreThreads::run_segments() {
  begin_writer("leat-segments");
  bool found_full = false;
  while (true) {
    auto group = store_.write_one();
    if (group.has_error()) {
      if (group.error().code != Errc::storage_full) return listener_.on_failed(group.error());
      if (!std::exchange(found_full, true)) listener_.on_maintenance_error(group.error());
      // On the way out nothing makes room any more: the next start replays the journal instead.
      if (store_.queue().stopped()) return;
      std::unique_lock lock(mutex_);
      maintenance_wanted_.wait_for(lock, kFullRetryInterval, [this] { return stopping_; });
      continue;
    }
    if (*group) {
      found_full = false;
      listener_.on_written(**group);
      continue;
    }
    if (store_.queue().failed() || store_.queue().drained()) return;
    store_.queue().wait_for_segment_work();
  }
}

void StoreThreads::run_maintenance() {
  name_this_thread("leat-maintain");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    maintenance_wanted_.wait_for(lock, options_.tick, [this] { return poked_ || stopping_; });
    poked_ = false;
    lock.unlock();
    maintain();
    lock.lock();
    ++rounds_;
    maintained_.notify_all();
    // Nobody waits for this any more.
    if (const auto now = SteadyClock::now(); now - last_closing_ >= options_.checkpoint_interval && !stopping_) {
      last_closing_ = now;
      lock.unlock();
      store_.close_unused_files();
      lock.lock();
    }
  }
}

void StoreThreads::maintain() {
  if (store_.queue().failed()) return;
  const auto now = SteadyClock::now();
  round_error_.clear();
  // Before the checkpoint: a journal that got a file more can wait for it.
  note(store_.prepare_journal());
  if (store_.wants_checkpoint() || now - last_checkpoint_ >= options_.checkpoint_interval) {
    last_checkpoint_ = now;
    note(store_.checkpoint());
  }
  watch_space();
  if (now - last_retention_ >= options_.retention_interval) {
    last_retention_ = now;
    note(store_.enforce_retention());
  }
  if (round_error_.empty()) told_error_.clear();
}

void StoreThreads::watch_space() {
  const auto space = store_.check_space();
  if (space.has_error()) return note(space.error());
  const bool full = store_.queue().full();
  if (full != full_told_) listener_.on_full(full, *space);
  full_told_ = full;
}

void StoreThreads::note(const Result<void>& result) {
  if (result.has_value()) return;
  const std::string text = result.error().message();
  if (round_error_.empty()) round_error_ = text;
  if (text == told_error_) return;
  told_error_ = text;
  listener_.on_maintenance_error(result.error());
}

void StoreThreads::poke_maintenance() {
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  maintenance_wanted_.notify_all();
}

bool StoreThreads::wait_for_maintenance() {
  store_.queue().hurry();  // what a checkpoint frees is what the segments have
  std::unique_lock lock(mutex_);
  // Of two rounds: the one under way may have begun before the journal was full, and a checkpoint frees nothing while the
  // segments lack the last group.
  for (int round = 0; round < 2 && store_.journal().free_files() == 0 && !stopping_; ++round) {
    poked_ = true;
    maintenance_wanted_.notify_all();
    maintained_.wait(lock, [this, seen = rounds_] { return rounds_ > seen || stopping_; });
  }
  if (store_.journal().free_files() > 0) return !store_.queue().failed();
  // On the way out nothing makes room any more; otherwise a pause, as whatever keeps the checkpoint from passing may take a
  // while.
  if (store_.queue().stopped()) return false;
  maintenance_wanted_.wait_for(lock, kFullRetryInterval, [this] { return stopping_; });
  return !stopping_ && !store_.queue().failed();
}

}  // namespace leat::storage
