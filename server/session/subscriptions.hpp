#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "protocol/native/messages.hpp"
#include "server/broker/broker.hpp"

namespace leat::server {

/// The subscriptions of one session: pushes what becomes visible, within each one's credit and the connection's room, fairly in
/// turn. Batches come from memory at the tail; what is not in the page cache is read on a blocking thread meanwhile the others go
/// on. One shard.
class Subscriptions final : public PartitionWatcher, public LagSource, public std::enable_shared_from_this<Subscriptions> {
 public:
  struct Delivery {
    std::uint32_t subscription = 0;
    storage::ReadBatches batches;
    Offset high_watermark;
    Partition& partition;
    std::int64_t records = 0;  ///< from the one that comes next on
  };
  struct Room {
    std::size_t bytes = 0;
    bool is_strict = false;  ///< otherwise one batch may go beyond it
  };
  struct Output {
    std::function<void(const Delivery&)> deliver;
    std::function<void(std::uint32_t subscription, const Error&)> ended;
    /// What may be delivered now; pump() is called when there is more.
    std::function<Room()> room;
    /// All that could be delivered has been.
    std::function<void()> pumped;
    Transport transport = Transport::native;  ///< for the metrics
    std::uint64_t client = 0;                 ///< its id in the list of clients
    bool sends_files = false;                 ///< takes batches that are ReadBatches::in_file
  };

  Subscriptions(Broker& broker, Shard& shard, Output output) : broker_(broker), shard_(shard), output_(std::move(output)) {}
  ~Subscriptions() override { close(); }

  /// Errors: invalid_argument for a number in use, offset_out_of_range.
  Result<void> add(std::uint32_t number, std::shared_ptr<Partition> partition, Offset from, std::uint32_t credit_bytes);
  /// False when there is no such subscription.
  bool remove(std::uint32_t number);
  void add_credit(std::uint32_t number, std::uint32_t bytes);
  /// Delivers what can be delivered.
  void pump();
  /// For good: nothing is delivered or told any more.
  void close();
  [[nodiscard]] std::size_t size() const { return by_number_.size(); }
  /// What is being read for deliveries, at most.
  [[nodiscard]] std::size_t reading_bytes() const { return reading_bytes_; }

  void on_advanced(Partition& partition) override;
  void report_lag(LagReport& report) const override;

 private:
  struct Subscription {
    std::uint32_t number = 0;
    std::shared_ptr<Partition> partition;
    Offset next;
    std::int64_t credit_bytes = 0;
    storage::ReadHint hint;
    bool reading = false;  ///< on a blocking thread
    bool in_line = false;
    bool at_tail = false;           ///< had all that there was: what comes now is new
    std::size_t refused_bytes = 0;  ///< its next batches have so many: strict room for less is not worth reading them for
  };
  using Place = std::list<Subscription>::iterator;

  [[nodiscard]] static bool ready(const Subscription& subscription);
  /// Puts it at the end of the line if there is something for it.
  void line_up(Place place);
  void deliver_in_turn();
  void go_on_later();
  /// False when its next batch has to wait for more room.
  bool serve(Place place, const Room& room);
  /// The next batches of a subscription, as far as they are to be had without waiting.
  Result<storage::ReadBatches> fetch(Subscription& subscription, std::size_t bytes_max, bool is_strict) const;
  void take(Place place, Result<storage::ReadBatches> batches);
  void observe_latency(const storage::ReadBatches& batches) const;
  void read_blocking(Subscription& subscription, std::size_t bytes_max);
  void erase(Place place);

  Broker& broker_;
  Shard& shard_;
  const Output output_;
  std::list<Subscription> idle_;   ///< nothing to deliver, or no credit
  std::list<Subscription> ready_;  ///< in line: the front one is served next
  std::unordered_map<std::uint32_t, Place> by_number_;
  std::unordered_map<Partition*, std::vector<Place>> by_partition_;
  std::size_t reading_bytes_ = 0;
  std::size_t turn_bytes_ = 0;
  bool pumping_ = false;
  bool goes_on_later_ = false;
  bool closed_ = false;
};

}  // namespace leat::server
