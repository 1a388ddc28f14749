#include "bench/load/kafka_peer.hpp"

#include <array>
#include <thread>

#include "bench/load/kafka_publisher.hpp"
#include "bench/load/kafka_subscriber.hpp"

namespace leat::load {
namespace {

using namespace kafka;

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>>;
using DeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, Destroy<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>>;

constexpr std::chrono::seconds kSettleMax{30};
constexpr int kAnswerMs = 60'000;

/// The outcome of a request about one topic.
rd_kafka_resp_err_t outcome(rd_kafka_queue_t* answers) {
  const Event event(rd_kafka_queue_poll(answers, kAnswerMs));
  if (!event) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event.get())) {
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event.get())) {
    results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  }
  return count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
}

class KafkaPeer final : public Peer {
 public:
  explicit KafkaPeer(Target target) : target_(std::move(target)) {}

  Result<void> create_topic(std::uint32_t partitions) override {
    LEAT_ASSIGN(const auto client, make_client(RD_KAFKA_PRODUCER, target_.address, {}));
    const Queue answers(rd_kafka_queue_new(client.get()));
    LEAT_ASSIGN(const auto had, partition_count(client.get(), target_.topic));
    if (had > 0) LEAT_TRY(remove(client.get(), answers.get()));
    const auto deadline = SteadyClock::now() + kSettleMax;
    while (true) {
      const auto code = create(client.get(), answers.get(), static_cast<int>(partitions));
      // The old one is deleted in the background.
      if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && SteadyClock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        continue;
      }
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("creating a topic", code);
      return await_partitions(client.get(), static_cast<std::int32_t>(partitions));
    }
  }

  Result<std::unique_ptr<Publisher>> publisher(const PublisherSettings& settings, AckSink& sink) override {
    return KafkaPublisher::connect(target_, settings, sink);
  }

  Result<std::unique_ptr<Subscriber>> subscriber() override { return KafkaSubscriber::connect(target_); }

  /// librdkafka has three threads and more a client.
  [[nodiscard]] std::uint32_t subscribers_max() const override { return 100; }

 private:
  [[nodiscard]] Result<void> remove(rd_kafka_t* client, rd_kafka_queue_t* answers) const {
    const DeleteTopic request(rd_kafka_DeleteTopic_new(target_.topic.c_str()));
    std::array<rd_kafka_DeleteTopic_t*, 1> requests{request.get()};
    rd_kafka_DeleteTopics(client, requests.data(), requests.size(), nullptr, answers);
    const auto code = outcome(answers);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("deleting a topic", code);
    return await_partitions(client, 0);
  }

  [[nodiscard]] rd_kafka_resp_err_t create(rd_kafka_t* client, rd_kafka_queue_t* answers, int partitions) const {
    std::array<char, 512> reason{};
    const NewTopic request(rd_kafka_NewTopic_new(target_.topic.c_str(), partitions, 1, reason.data(), reason.size()));
    if (!request) return RD_KAFKA_RESP_ERR__INVALID_ARG;
    std::array<rd_kafka_NewTopic_t*, 1> requests{request.get()};
    rd_kafka_CreateTopics(client, requests.data(), requests.size(), nullptr, answers);
    return outcome(answers);
  }

  [[nodiscard]] Result<void> await_partitions(rd_kafka_t* client, std::int32_t wanted) const {
    const auto deadline = SteadyClock::now() + kSettleMax;
    while (true) {
      LEAT_ASSIGN(const auto count, partition_count(client, target_.topic));
      if (count == wanted) return ok();
      if (SteadyClock::now() > deadline) return Error(Errc::timed_out, "Kafka does not show the topic as it was made");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  const Target target_;
};

}  // namespace

std::unique_ptr<Peer> make_kafka_peer(Target target) { return std::make_unique<KafkaPeer>(std::move(target)); }

}  // namespace leat::load
