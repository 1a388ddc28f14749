#pragma once

#include <vector>

#include "bench/load/kafka_client.hpp"

namespace leat::load::kafka {

/// All partitions of a topic into one queue, read in batches. No consumer group: offsets are this side's own.
class KafkaSubscriber final : public Subscriber {
 public:
  static Result<std::unique_ptr<Subscriber>> connect(const Target& target);
  ~KafkaSubscriber() override;
  KafkaSubscriber(const KafkaSubscriber&) = delete;
  KafkaSubscriber& operator=(const KafkaSubscriber&) = delete;

  Result<void> begin(From from) override;
  [[nodiscard]] int fd() const override { return signal_.fd(); }
  Result<void> receive(ValueSink& sink) override;

 private:
  KafkaSubscriber(Handle client, std::string topic, std::int32_t partitions);

  Handle client_;
  const std::string topic_name_;
  const std::int32_t partitions_;
  TopicHandle topic_;
  Queue records_;
  QueueSignal signal_;
  std::vector<rd_kafka_message_t*> messages_;
  std::int32_t started_ = 0;  ///< partitions that are read
};

}  // namespace leat::load::kafka
