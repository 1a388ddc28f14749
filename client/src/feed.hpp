#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "client/src/batch_decoder.hpp"
#include "client/src/core.hpp"
#include "leat/consumer.hpp"

namespace leat::client {

class ConsumerCore;

/// One partition that a consumer follows. The second group belongs to the ReceiveBuffer, under its lock, the third to the core's
/// executor.
class Feed final : public SubscriptionSink, public std::enable_shared_from_this<Feed> {
 public:
  Feed(std::weak_ptr<ConsumerCore> consumer, std::string topic_name, TopicId id, PartitionId number)
      : topic(std::move(topic_name)), topic_id(id), partition(number), consumer_(std::move(consumer)) {}

  void on_deliver(const native::Deliver& deliver, const SharedBytes& payload) override;
  void on_ended(const native::SubscriptionEnded& ended) override;
  [[nodiscard]] std::string name() const { return topic + "-" + std::to_string(partition.value()); }

  const std::string topic;
  const TopicId topic_id;
  const PartitionId partition;

  std::deque<Chunk> chunks;
  std::optional<Error> ended;          ///< to be told behind the chunks
  std::optional<Offset> position;      ///< set when it is known where to begin
  std::int64_t credit_bytes = 0;       ///< what the broker may still send, and the chunks
  std::uint32_t credit_due_bytes = 0;  ///< counted in the former and not granted yet
  bool active = false;                 ///< its subscribe() has succeeded: next() may return its records
  bool queued = false;                 ///< in the ring of those that have something
  bool decoding = false;               ///< somebody is taking from it
  std::size_t decoding_bytes = 0;
  bool removed = false;

  Offset next_receive;                             ///< where a new subscription would go on
  bool positioned = false;                         ///< the former is known
  std::uint32_t subscription = 0;                  ///< 0: none at the moment
  int attempts = 0;                                ///< to begin at the log's start, which may move meanwhile
  UniqueFunction<void(Result<void>)> established;  ///< until the first subscription has succeeded or failed
  StartPosition start;

 private:
  std::weak_ptr<ConsumerCore> consumer_;
};

using FeedPtr = std::shared_ptr<Feed>;

}  // namespace leat::client
