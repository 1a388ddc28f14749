#include "bench/load/kafka_subscriber.hpp"

namespace leat::load::kafka {
namespace {

constexpr std::size_t kMessagesMax = 10'000;
constexpr int kAnswerMs = 20'000;

Settings settings() {
  return {
      // An answer goes as soon as there is a byte to send, and is large when there is much.
      {"fetch.min.bytes", "1"},
      {"fetch.wait.max.ms", "500"},
      {"fetch.message.max.bytes", "4194304"},
      {"fetch.max.bytes", "104857600"},
      {"receive.message.max.bytes", "209715200"},
      // Fetched ahead of what is read: as much as can be asked for, as librdkafka pauses for a second when it has enough.
      {"queued.min.messages", "10000000"},
      {"queued.max.messages.kbytes", "2097151"},
      // A partition that had nothing is asked again at once.
      {"fetch.error.backoff.ms", "0"},
      {"check.crcs", "false"},
      {"enable.auto.commit", "false"},
      {"enable.partition.eof", "false"},
      {"socket.nagle.disable", "true"},
  };
}

}  // namespace

Result<std::unique_ptr<Subscriber>> KafkaSubscriber::connect(const Target& target) {
  LEAT_ASSIGN(auto client, make_client(RD_KAFKA_CONSUMER, target.address, settings()));
  LEAT_ASSIGN(const auto partitions, partition_count(client.get(), target.topic));
  if (partitions == 0) return Error(Errc::unknown_topic, target.topic);
  return std::unique_ptr<Subscriber>(new KafkaSubscriber(std::move(client), target.topic, partitions));
}

KafkaSubscriber::KafkaSubscriber(Handle client, std::string topic, std::int32_t partitions)
    : client_(std::move(client)),
      topic_name_(std::move(topic)),
      partitions_(partitions),
      topic_(rd_kafka_topic_new(client_.get(), topic_name_.c_str(), nullptr)),
      records_(rd_kafka_queue_new(client_.get())),
      messages_(kMessagesMax) {
  signal_.watch(records_.get());
}

KafkaSubscriber::~KafkaSubscriber() {
  rd_kafka_queue_io_event_enable(records_.get(), -1, nullptr, 0);
  for (std::int32_t i = 0; i < started_; ++i) rd_kafka_consume_stop(topic_.get(), i);
}

Result<void> KafkaSubscriber::begin(From from) {
  for (std::int32_t i = 0; i < partitions_; ++i) {
    std::int64_t offset = RD_KAFKA_OFFSET_BEGINNING;
    if (from == From::end) {
      // Not RD_KAFKA_OFFSET_END: where that is would be known only some time after the return.
      std::int64_t lowest = 0;
      const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic_name_.c_str(), i, &lowest, &offset, kAnswerMs);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("asking Kafka for a partition's end", code);
    }
    if (rd_kafka_consume_start_queue(topic_.get(), i, offset, records_.get()) != 0) {
      return failed("reading from Kafka", rd_kafka_last_error());
    }
    started_ = i + 1;
  }
  return ok();
}

Result<void> KafkaSubscriber::receive(ValueSink& sink) {
  signal_.clear();
  while (true) {
    const ssize_t count = rd_kafka_consume_batch_queue(records_.get(), 0, messages_.data(), messages_.size());
    if (count < 0) return failed("reading from Kafka", rd_kafka_last_error());
    if (count == 0) return ok();
    auto code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      rd_kafka_message_t* message = messages_[i];
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = message->err;
      } else {
        sink.take({static_cast<const std::byte*>(message->payload), message->len});
      }
      rd_kafka_message_destroy(message);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("reading from Kafka", code);
  }
}

}  // namespace leat::load::kafka
