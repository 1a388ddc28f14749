#include "bench/load/kafka_client.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace leat::load::kafka {
namespace {

constexpr int kAnswerMs = 20'000;

}  // namespace

Error failed(const char* doing, rd_kafka_resp_err_t code) {
  const bool is_lost = code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  return Error(is_lost ? Errc::connection_failed : Errc::invalid_argument, std::string(doing) + ": " + rd_kafka_err2str(code));
}

Result<Handle> make_client(rd_kafka_type_t type, const Address& address, const Settings& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Settings all{{"bootstrap.servers", address.host + ":" + std::to_string(address.port)}, {"log_level", "2"}};
  all.insert(all.end(), settings.begin(), settings.end());
  std::array<char, 512> reason{};
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK) continue;
    rd_kafka_conf_destroy(conf);
    return Error(Errc::invalid_argument, std::string("librdkafka: ") + reason.data());
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);  // an error is told by whoever meets it
  rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
  Handle client(rd_kafka_new(type, conf, reason.data(), reason.size()));
  if (client) return client;
  rd_kafka_conf_destroy(conf);
  return Error(Errc::internal, std::string("librdkafka: ") + reason.data());
}

Result<std::int32_t> partition_count(rd_kafka_t* client, const std::string& topic) {
  // Of all topics: asking for one makes the broker create it.
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(client, 1, nullptr, &metadata, kAnswerMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("asking Kafka for its topics", code);
  std::int32_t count = 0;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].topic == topic) count = metadata->topics[i].partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  return count;
}

QueueSignal::QueueSignal() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

QueueSignal::~QueueSignal() { ::close(fd_); }

void QueueSignal::watch(rd_kafka_queue_t* queue) {
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue, fd_, &one, sizeof one);
}

void QueueSignal::clear() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(fd_, &count, sizeof count);
}

void QueueSignal::wait(Time deadline) const {
  const auto left = std::max(SteadyClock::duration::zero(), deadline - SteadyClock::now());
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(whole.count());
  timeout.tv_nsec = static_cast<long>(std::chrono::nanoseconds(left - whole).count());
  pollfd descriptor{fd_, POLLIN, 0};
  ::ppoll(&descriptor, 1, &timeout, nullptr);
}

}  // namespace leat::load::kafka
