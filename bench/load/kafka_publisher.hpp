#pragma once

#include <optional>

#include "bench/load/kafka_client.hpp"
#include "bench/load/partition_turns.hpp"

namespace leat::load::kafka {

/// By librdkafka: its own threads send, acknowledgements are taken in batches on the caller's.
class KafkaPublisher final : public Publisher {
 public:
  static Result<std::unique_ptr<Publisher>> connect(const Target& target, const PublisherSettings& settings, AckSink& sink);
  ~KafkaPublisher() override;
  KafkaPublisher(const KafkaPublisher&) = delete;
  KafkaPublisher& operator=(const KafkaPublisher&) = delete;

  Result<void> send(ByteSpan value, Time intended) override;
  Result<void> await(std::uint64_t acknowledged, Time deadline) override;

 private:
  KafkaPublisher(Handle client, const std::string& topic, std::optional<PartitionTurns> turns, AckSink& sink);
  Result<void> take_acknowledgements();

  std::optional<PartitionTurns> turns_;  ///< nothing: librdkafka's own, which stays with a partition for a while
  Handle client_;
  Queue acknowledgements_;
  TopicHandle topic_;
  QueueSignal signal_;
};

}  // namespace leat::load::kafka
