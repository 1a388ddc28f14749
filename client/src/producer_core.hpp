#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "client/src/alarm.hpp"
#include "client/src/core.hpp"
#include "client/src/finished_records.hpp"
#include "client/src/producer_identity.hpp"
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
  void wait_for_room(PartitionQueue& queue);
  bool ready_to_send(PartitionQueue& queue);
  bool take_next(PartitionQueue& queue);
  void seal(PartitionQueue& queue, BatchPtr batch);
  void transmit(PartitionQueue& queue, const BatchPtr& batch);
  void on_outcome(PartitionQueue& queue, OutgoingBatch& batch, PublishOutcome outcome);

  /// For when nothing else may come in this turn that would have it told what is over.
  void end_turn_soon();
  /// Applies what the window asks for and collects what is done in it.
  void settle(PartitionQueue& queue);

  void look_up(TopicQueue& topic);
  void on_route(TopicQueue& topic, const Result<TopicRoute>& route);
  void resolved(TopicQueue& topic, const TopicRoute& route);
  void fail_topic(TopicQueue& topic, const Error& error);
  void fail_queue(PartitionQueue& queue, const Error& error);
  void request_identity();
  void on_identity(const Result<native::InitProducerReply>& reply);
  void fail_without_identity(const Error& error);
  /// Why a record is given up that never got to the broker: what was in the way, or else the connection.
  [[nodiscard]] Error never_sent(const std::optional<Error>& why) const;

  void wake_at(Clock::time_point at);
  void on_wake();
  /// Asks about all known topics, which may have more partitions or other limits by now.
  void refresh_topics();
  void on_refresh();
  void refresh_later();
  void sweep_later();
  void sweep();
  void do_close();

  const std::shared_ptr<Core> core_;
  const ProducerOptions options_;
  RecordBuffer buffer_;
  Alarm wake_;
  Alarm sweep_;
  Alarm refresh_;
  bool closed_ = false;

  ProducerIdentity identity_;
  std::vector<PartitionQueue*> answered_;  ///< in this turn
  FinishedRecords finished_;
};

}  // namespace leat::client
