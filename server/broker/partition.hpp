#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/native/messages.hpp"
#include "server/broker/publish.hpp"
#include "server/metrics/traffic.hpp"
#include "storage/log/partition_log.hpp"

namespace leat::server {

class Shard;

inline constexpr std::size_t kShardsMax = 64;

/// A partition as the broker sees it: its log, and the publishes that wait for the log to reach their level. Owned by one shard,
/// on whose thread everything runs unless it says otherwise.
class Partition : public std::enable_shared_from_this<Partition> {
 public:
  Partition(native::TopicPartition id, std::shared_ptr<storage::PartitionLog> log, Shard& owner,
            std::span<const std::unique_ptr<Shard>> shards);

  /// Appends the batch, or keeps it until the log takes more if it may wait. The sink learns the outcome.
  void publish(PublishRequest request);
  /// The log has moved: acknowledges what has reached its level, wakes the watchers on all shards.
  void progress();
  enum class Retried { nothing, some, everything };
  /// Appends what was kept, as far as the log takes it now.
  Retried retry();
  /// The store takes nothing more: every waiting publish ends with this error.
  void abandon(const Error& error);
  /// The topic was deleted: as above, and the watchers learn that there will be nothing more.
  void retire();

  /// On the shard that delivers, whichever.
  void count_delivered(const Shard& shard, Transport transport, std::uint64_t records, std::uint64_t bytes);

  // Any thread.
  [[nodiscard]] const native::TopicPartition& id() const { return id_; }
  [[nodiscard]] storage::PartitionLog& log() const { return *log_; }
  [[nodiscard]] Shard& owner() const { return owner_; }
  [[nodiscard]] Offset high_watermark() const { return log_->high_watermark(); }
  [[nodiscard]] bool gone() const { return gone_.load(); }
  void set_interest(std::size_t shard) { interest_.fetch_or(std::uint64_t{1} << shard); }
  [[nodiscard]] const Traffic& published() const { return published_; }
  [[nodiscard]] const DeliveredTraffic& delivered() const { return delivered_; }
  void clear_interest(std::size_t shard) { interest_.fetch_and(~(std::uint64_t{1} << shard)); }

 private:
  struct Waiting {
    Offset base;
    Offset end;
    std::uint64_t correlation;
    std::size_t batch_bytes;
    bool duplicate;
    std::shared_ptr<PublishSink> sink;
    std::chrono::steady_clock::time_point received;
  };

  /// False when the log takes nothing now.
  bool try_append(PublishRequest& request);
  void keep(PublishRequest request);
  /// Acknowledges those that waited for `level` and have reached it.
  void settle(std::deque<Waiting>& waiting, Offset reached, native::AckLevel level);
  void count_published(const PublishRequest& request, bool duplicate);
  void settle_all();
  [[nodiscard]] bool publishers_are_here() const;
  [[nodiscard]] native::AckLevel level_of(Offset end) const;
  void report(const std::shared_ptr<PublishSink>& sink, PublishOutcome outcome);
  void send_reports();
  void wake_watchers();
  template <class Work>
  void for_interested_shards(Work work);

  const native::TopicPartition id_;
  const std::shared_ptr<storage::PartitionLog> log_;
  Shard& owner_;
  const std::span<const std::unique_ptr<Shard>> shards_;
  std::optional<Error> failure_;  ///< what abandon() said; nothing is staged since
  std::atomic<bool> gone_{false};
  std::atomic<std::uint64_t> interest_{0};  ///< a bit for every shard with watchers

  std::deque<PublishRequest> kept_;    ///< in order; bounded by what the broker lets wait; if any, the shard knows
  std::deque<Waiting> until_written_;  ///< by end offset
  std::deque<Waiting> until_visible_;  ///< by end offset
  Offset woken_for_;
  Traffic published_;
  DeliveredTraffic delivered_;
  std::shared_ptr<PublishSink> reporting_to_;
  std::vector<PublishOutcome> reports_;
};

}  // namespace leat::server
