#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "storage/store.hpp"

namespace leat::storage {

/// Learns how far batches have come. Called on the store's threads; must not block and not call the store's steps.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  /// All of a journaled group is on stable storage.
  virtual void on_durable(const CommitGroup& group) = 0;
  /// All of a group is in the page cache of its segments.
  virtual void on_written(const CommitGroup& group) = 0;
  /// No batch will come any further. At most once a writer.
  virtual void on_failed(const Error& error) = 0;
  /// From now on batches are refused for want of room (storage_full), or no longer; for the log.
  virtual void on_full(bool full, const Space& space) = 0;
  /// Maintenance or the writing of segments went wrong in a way that may pass (disk full); for the log. Once, however often it is
  /// tried again.
  virtual void on_maintenance_error(const Error& error) = 0;
};

struct MaintenanceOptions {
  std::chrono::milliseconds tick{500};  ///< how often free space is looked at
  std::chrono::milliseconds checkpoint_interval{10'000};
  std::chrono::milliseconds retention_interval{30'000};
};

/// Runs a store: a thread for the journal, one for the segments, one for maintenance. Between construction and destruction nobody
/// else calls the store's steps; what was staged is through the writers when the destructor returns, unless one has failed or the
/// disk had no room: Store::close() goes on from there.
class StoreThreads {
 public:
  StoreThreads(Store& store, CommitListener& listener, MaintenanceOptions options);
  ~StoreThreads();
  StoreThreads(const StoreThreads&) = delete;
  StoreThreads& operator=(const StoreThreads&) = delete;

 private:
  void run_journal();
  void journal_groups();
  void run_segments();
  void run_maintenance();
  void maintain();
  void watch_space();
  void note(const Result<void>& result);
  void poke_maintenance();
  /// False when the threads are to end instead.
  bool wait_for_maintenance();

  Store& store_;
  CommitListener& listener_;
  const MaintenanceOptions options_;

  std::mutex mutex_;
  std::condition_variable maintenance_wanted_;
  std::condition_variable maintained_;
  bool poked_ = false;
  bool stopping_ = false;
  std::uint64_t rounds_ = 0;  ///< of maintenance, completed

  // The maintenance thread's own.
  bool full_told_ = false;
  std::string round_error_;  ///< the first of the round under way
  std::string told_error_;   ///< the last that was told, until a round goes well
  std::chrono::steady_clock::time_point last_checkpoint_;
  std::chrono::steady_clock::time_point last_closing_;
  std::chrono::steady_clock::time_point last_retention_;

  std::thread maintenance_;
  std::thread segments_;
  std::thread journal_;
};

}  // namespace leat::storage
