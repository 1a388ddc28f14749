#include "bench/load/kafka_publisher.hpp"

#include <array>
#include <string>

namespace leat::load::kafka {
namespace {

Settings settings_for(const PublisherSettings& settings) {
  // With one request under way records gather while the broker is busy, as many as it takes. Whoever says how long batches wait
  // has them gather by time instead.
  const bool is_one_under_way = settings.in_flight == 1 || (settings.rate && !settings.linger_ms);
  return {
      {"acks", "all"},
      // librdkafka's default, and the faster one: a retry may store a record twice.
      {"enable.idempotence", "false"},
      {"compression.codec", "none"},
      // A full batch goes at once; one that is not waits this long for more.
      {"linger.ms", is_one_under_way ? "0" : std::to_string(settings.linger_ms.value_or(1))},
      {"max.in.flight.requests.per.connection", is_one_under_way ? "1" : "1000000"},
      {"batch.size", "1000000"},
      {"batch.num.messages", "100000"},
      // The bound on what is under way is the load's own.
      {"queue.buffering.max.messages", "10000000"},
      {"queue.buffering.max.kbytes", "2097151"},
      {"message.max.bytes", "100000000"},
      {"socket.nagle.disable", "true"},
  };
}

}  // namespace

Result<std::unique_ptr<Publisher>> KafkaPublisher::connect(const Target& target, const PublisherSettings& settings,
                                                           AckSink& sink) {
  LEAT_ASSIGN(auto client, make_client(RD_KAFKA_PRODUCER, target.address, settings_for(settings)));
  LEAT_ASSIGN(const auto partitions, partition_count(client.get(), target.topic));
  if (partitions == 0) return Error(Errc::unknown_topic, target.topic);
  std::optional<PartitionTurns> turns;
  if (settings.spread) turns.emplace(static_cast<std::size_t>(partitions), true);
  return std::unique_ptr<Publisher>(new KafkaPublisher(std::move(client), target.topic, turns, sink));
}

KafkaPublisher::KafkaPublisher(Handle client, const std::string& topic, std::optional<PartitionTurns> turns, AckSink& sink)
    : Publisher(sink),
      turns_(turns),
      client_(std::move(client)),
      acknowledgements_(rd_kafka_queue_get_main(client_.get())),
      topic_(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)) {
  signal_.watch(acknowledgements_.get());
}

KafkaPublisher::~KafkaPublisher() {
  // What a failed load leaves behind is not waited for.
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_queue_io_event_enable(acknowledgements_.get(), -1, nullptr, 0);
}

Result<void> KafkaPublisher::send(ByteSpan value, Time intended) {
  // The time travels with the message as its opaque pointer.
  auto* const opaque = reinterpret_cast<void*>(static_cast<std::intptr_t>(intended.time_since_epoch().count()));
  auto* const payload = const_cast<std::byte*>(value.data());  // only read, with RD_KAFKA_MSG_F_COPY
  const std::int32_t partition = turns_ ? static_cast<std::int32_t>(turns_->next(value.size())) : RD_KAFKA_PARTITION_UA;
  while (rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, payload, value.size(), nullptr, 0, opaque) != 0) {
    const auto code = rd_kafka_last_error();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return failed("publishing to Kafka", code);
    LEAT_TRY(take_acknowledgements());
  }
  return ok();
}

Result<void> KafkaPublisher::take_acknowledgements() {
  signal_.clear();
  std::array<const rd_kafka_message_t*, 1024> messages{};
  while (true) {
    const Event event(rd_kafka_queue_poll(acknowledgements_.get(), 0));
    if (!event) return ok();
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const std::size_t count = rd_kafka_event_message_array(event.get(), messages.data(), messages.size())) {
      for (std::size_t i = 0; i < count; ++i) {
        if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("Kafka refused a record", messages[i]->err);
        on_acknowledged(Time(SteadyClock::duration(reinterpret_cast<std::intptr_t>(messages[i]->_private))));
      }
    }
  }
}

Result<void> KafkaPublisher::await(std::uint64_t wanted, Time deadline) {
  while (true) {
    LEAT_TRY(take_acknowledgements());
    if (acknowledged() >= wanted || SteadyClock::now() >= deadline) return ok();
    signal_.wait(deadline);
  }
}

}  // namespace leat::load::kafka
