#pragma once

#include "bench/load/kafka_client.hpp"

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
  /// `spread_over`: partitions that take turns; 0 leaves them to librdkafka, which stays with one for a while.
  KafkaPublisher(Handle client, const std::string& topic, std::int32_t spread_over, AckSink& sink);
  Result<void> take_acknowledgements();

  const std::int32_t spread_over_;
  std::int32_t next_partition_ = 0;
  Handle client_;
  Queue acknowledgements_;
  TopicHandle topic_;
  QueueSignal signal_;
};

}  // namespace leat::load::kafka
