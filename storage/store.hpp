#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "protocol/base/clock.hpp"
#include "protocol/base/random.hpp"
#include "protocol/base/result.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/journal/commit_queue.hpp"
#include "storage/journal/journal.hpp"
#include "storage/log/checkpoint.hpp"
#include "storage/log/partition_log.hpp"

namespace leat::storage {

struct StoreOptions {
  Path data_dir;
  TopicConfig topic_defaults;
  JournalOptions journal;
  CommitQueueOptions queue;
  std::uint64_t disk_reserve_bytes = 64U << 20;  ///< writes are refused when less is free
  /// What was written without a journal is scanned, and written again, after a crash: so much of it asks for a checkpoint.
  std::uint64_t unsynced_bytes_max = 2ULL << 30;
  std::size_t read_block_bytes = 256U << 10;
  std::size_t spare_read_blocks_max = 32;
  std::size_t open_files_max = 256;      ///< of segments and their indexes; one for each thread that uses the store at the least
  std::int32_t partitions_max = 10'000;  ///< of all topics together
  std::size_t producers_max = 100'000;   ///< remembered, one that writes to two partitions counted twice
  /// Told how long each checkpoint took, one call at a time, on the thread that made it; must not block.
  std::function<void(std::chrono::nanoseconds)> on_checkpoint;
};

/// What a start found and did.
struct RecoveryReport {
  bool created = false;      ///< the directory was empty
  bool after_crash = false;  ///< the last shutdown was not orderly
  std::uint64_t groups_replayed = 0;
  std::uint64_t batches_replayed = 0;  ///< that were in the journal but not in the segments
  std::vector<Path> quarantined;       ///< directories of topics that the catalog does not know, moved there
};

/// A topic as of the moment it was asked for.
struct Topic {
  CatalogTopic entry;
  TopicConfig config;
  std::vector<std::shared_ptr<PartitionLog>> logs;  ///< one a partition, in order
};

/// Everything on one data directory: catalog, journal, logs, checkpoint. Has no thread of its own: whoever owns it calls the two
/// writers' steps and the maintenance, from a thread each (StoreThreads) or all from one (the simulation).
///
/// After the first failed write or sync the store accepts no more batches, acknowledges nothing more, and goes on serving reads.
class Store {
 public:
  /// Opens or creates the directory and recovers what is in it. Errors: data_dir_in_use, unsupported_format, corruption,
  /// io_error.
  static Result<std::unique_ptr<Store>> open(FileSystem& fs, const Clock& clock, Random& random, StoreOptions options);

  // --- topics; any thread, durable on return
  Result<Topic> create_topic(const std::string& name, std::int32_t partitions, const TopicSettings& settings);
  Result<void> delete_topic(const std::string& name);
  /// partitions 0: unchanged; a setting with an empty value goes back to the default.
  Result<Topic> alter_topic(const std::string& name, std::int32_t partitions, const TopicSettings& settings);
  Result<Topic> topic(const std::string& name) const;
  [[nodiscard]] std::vector<Topic> topics() const;
  /// Never given away before, by this or an earlier run.
  Result<ProducerId> allocate_producer_id();
  /// Raises a log's start to `before` (its high watermark for a later one is an error) and returns the start.
  Result<Offset> delete_records(PartitionLog& log, Offset before);

  // --- the writers; one thread each. The group that was handled, null when there was none.
  /// Error journal_full: call again after a checkpoint; anything else is for good.
  Result<CommitGroupPtr> journal_one();
  /// Error storage_full: call again when there may be room, until then the queue refuses batches; anything else is for good.
  Result<CommitGroupPtr> write_one();
  /// Any thread: does write_one()'s work at once if it is small and nothing is likely to be waited for, neither the disk nor
  /// whoever is writing now. Null when that is not so. Errors as of write_one(), which may be called for it again.
  Result<CommitGroupPtr> write_small();

  // --- maintenance; one thread
  Result<void> checkpoint();
  /// Adds a journal file if none is free and more may be added.
  Result<void> prepare_journal();
  Result<void> enforce_retention();
  /// Refuses or accepts batches by the free space. The queue's full() says whether they are refused for want of it in any way.
  Result<Space> check_space();
  /// Any thread; waits for the disk.
  [[nodiscard]] Result<Space> space() const { return fs_.space(options_.data_dir); }
  /// Closes the files that nobody has used since the last call. Waits for the disk where there are writes to sync first.
  void close_unused_files();
  [[nodiscard]] bool wants_checkpoint() const;

  /// Takes no more batches, brings what is staged to the disk and marks the directory as cleanly closed. The writers' threads
  /// have ended.
  Result<void> close();

  [[nodiscard]] CommitQueue& queue() { return queue_; }
  [[nodiscard]] const Journal& journal() const { return *journal_; }
  [[nodiscard]] const RecoveryReport& recovery_report() const { return report_; }
  [[nodiscard]] Uuid broker_id() const { return broker_id_; }

 private:
  friend class StoreOpener;
  Store(FileSystem& fs, const Clock& clock, Random& random, StoreOptions options);

  [[nodiscard]] Path catalog_path() const { return options_.data_dir / "catalog"; }
  [[nodiscard]] Path checkpoint_path() const { return options_.data_dir / "checkpoint"; }
  [[nodiscard]] Path journal_directory() const { return options_.data_dir / "journal"; }
  [[nodiscard]] Path topics_directory() const { return options_.data_dir / "topics"; }
  [[nodiscard]] Path topic_directory(const TopicId& id) const { return topics_directory() / id.to_string(); }
  [[nodiscard]] LogEnvironment log_environment() { return {fs_, open_files_, clock_, queue_, read_blocks_, producers_}; }

  Result<TopicConfig> configure(const TopicSettings& settings) const;
  Result<void> add_partitions(CatalogTopic& topic, Catalog& catalog, std::int32_t partitions) const;
  Result<std::vector<std::shared_ptr<PartitionLog>>> open_new_logs(const CatalogTopic& topic, const TopicConfig& config);
  /// Saves a catalog and opens the topic's partitions that are new in it. Without room for them the change is taken back; a topic
  /// that is new with it is then among the deleted, for what there may be of its directories.
  Result<void> commit_with_logs(Catalog catalog, const CatalogTopic& topic, const TopicConfig& config);
  Result<void> take_back(const CatalogTopic& topic);
  Result<Topic> topic_locked(const std::string& name) const;
  Topic describe(const CatalogTopic& entry) const;
  Result<void> save(const Catalog& catalog);
  Result<void> commit(Catalog catalog);
  Result<CommitGroupPtr> write_group(CommitGroupPtr group);
  /// Those that were not used for a day; and of all partitions the least recently used, so that there is room for new ones.
  void forget_producers();
  Result<void> save_points(bool clean);
  /// Saves the checkpoint as it is, with the journal files there are now: those that were added may be filled from then on.
  Result<void> record_journal_files();
  /// Durable on return, and its journal files are in use.
  Result<void> write_checkpoint(Checkpoint& checkpoint);
  [[nodiscard]] std::vector<std::shared_ptr<PartitionLog>> all_logs() const;
  /// The wall clock, unless it was set forward since the store was opened: that must not expire what is not old.
  [[nodiscard]] TimestampMs trusted_wall_ms() const;
  /// Accepts nothing more after an error that says something about the disk; hands the error on, with its cause where that is
  /// the directory's having been moved.
  Error fail(Error error);

  /// While there is one, somebody syncs: the file system may let writes stand still.
  class Syncing {
   public:
    explicit Syncing(std::atomic<int>& count) : count_(count) { count_.fetch_add(1); }
    ~Syncing() { count_.fetch_sub(1); }
    Syncing(const Syncing&) = delete;
    Syncing& operator=(const Syncing&) = delete;

   private:
    std::atomic<int>& count_;
  };

  FileSystem& fs_;
  const Clock& clock_;
  Random& random_;
  const StoreOptions options_;
  const TimestampMs opened_wall_ms_;
  const std::chrono::steady_clock::time_point opened_steady_;
  std::unique_ptr<DirectoryLock> lock_;
  const std::shared_ptr<OpenFiles> open_files_;
  const std::shared_ptr<BlockPool> read_blocks_;
  const std::shared_ptr<ProducerRegistry> producers_;
  CommitQueue queue_;
  std::unique_ptr<Journal> journal_;
  RecoveryReport report_;
  std::uint64_t epoch_ = 0;

  Uuid broker_id_;                   ///< never changes once the store is open
  mutable std::mutex topics_mutex_;  ///< over catalog_ and logs_
  Catalog catalog_;
  std::unordered_map<LogId, std::shared_ptr<PartitionLog>> logs_;

  std::mutex segments_mutex_;                ///< one writer of segments at a time
  std::atomic<int> syncing_{0};              ///< how many there are; see Syncing
  std::mutex checkpoint_mutex_;              ///< one checkpoint at a time
  std::uint64_t first_needed_sequence_ = 1;  ///< of the checkpoint on disk
  std::atomic<bool> checkpoint_found_full_{false};
  std::atomic<std::uint64_t> unsynced_bytes_{0};     ///< written without a journal since the last checkpoint began
  CommitGroupPtr to_journal_;                        ///< taken, the journal was full
  std::atomic<std::uint64_t> segments_sequence_{0};  ///< all journaled groups up to it are written to the segments
};

}  // namespace leat::storage
