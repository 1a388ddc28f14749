#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "client/src/backoff.hpp"
#include "client/src/core.hpp"
#include "client/src/record_buffer.hpp"
#include "leat/producer.hpp"

namespace leat::client {

/// The half of a producer that sends: takes due batches out of the buffer, numbers and publishes them, and tells the callbacks.
/// The Producer owns it; pending work on the core's executor keeps it alive. Everything but the first group is for that executor.
class ProducerCore final : public Member, public std::enable_shared_from_this<ProducerCore> {
 public:
  ProducerCore(std::shared_ptr<Core> core, const ProducerOptions& options);

  // Any thread.
  void open();
  void close();
  void flush(Completion<void> done);
  [[nodiscard]] Core& core() const { return *core_; }
  RecordBuffer& buffer() { return buffer_; }

  // Member.
  void on_connected() override;
  void on_disconnected() override;
  void on_turn_end() override;
  void on_closed() override;

 private:
  using Clock = std::chrono::steady_clock;

  void work();
  void pump(PartitionQueue& queue);
  void pump_all();
  bool ready_to_send(PartitionQueue& queue);
  bool take_next(PartitionQueue& queue);
  void seal(PartitionQueue& queue, BatchPtr batch);
  void transmit(PartitionQueue& queue, const BatchPtr& batch);
  void on_outcome(PartitionQueue& queue, OutgoingBatch& batch, PublishOutcome outcome);

  /// Applies what the window asks for and collects what is done in it.
  void settle(PartitionQueue& queue);
  /// Runs the callbacks of what has been collected.
  void deliver();

  void look_up(TopicQueue& topic);
  void on_route(TopicQueue& topic, const Result<TopicRoute>& route);
  void resolved(TopicQueue& topic, const TopicRoute& route);
  void fail_topic(TopicQueue& topic, const Error& error);
  void fail_queue(PartitionQueue& queue, const Error& error);
  void request_identity();

  void wake_at(Clock::time_point at);
  void on_wake();
  /// Asks about all known topics, which may have more partitions or other limits by now.
  void refresh_topics();
  void refresh_later();
  void start_sweeping();
  void sweep();
  void do_close();

  const std::shared_ptr<Core> core_;
  const ProducerOptions options_;
  RecordBuffer buffer_;
  asio::steady_timer wake_timer_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer refresh_timer_;
  std::optional<Clock::time_point> wake_due_;
  bool sweeping_ = false;
  bool starved_ = false;  ///< a batch waits for others, perhaps of other producers, to be acknowledged
  bool closed_ = false;

  std::optional<native::InitProducerReply> identity_;
  bool identity_requested_ = false;
  std::optional<Clock::time_point> identity_at_;
  Backoff identity_backoff_;

  std::vector<PartitionQueue*> answered_;  ///< in this turn
  struct Done {
    PartitionId partition;
    BatchPtr batch;
  };
  std::vector<Done> done_;
  std::vector<RecordBuffer::Misplaced> failed_;  ///< records that never got into a batch
};

}  // namespace leat::client
