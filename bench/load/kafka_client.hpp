#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/peer.hpp"

/// What the parts of the Kafka driver share: librdkafka's objects with owners, and its queues as descriptors to wait on.
namespace leat::load::kafka {

template <class T, void (*kDestroy)(T*)>
struct Destroy {
  void operator()(T* object) const { kDestroy(object); }
};
using Handle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_t, rd_kafka_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_t, rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_t, rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_t, rd_kafka_event_destroy>>;

using Settings = std::vector<std::pair<std::string, std::string>>;

/// A producer or consumer with these settings on top of librdkafka's defaults.
Result<Handle> make_client(rd_kafka_type_t type, const Address& address, const Settings& settings);

/// The number of partitions of a topic; 0: there is none. Waits for a broker.
Result<std::int32_t> partition_count(rd_kafka_t* client, const std::string& topic);

Error failed(const char* doing, rd_kafka_resp_err_t code);

/// Becomes readable when something enters a queue that was empty.
class QueueSignal {
 public:
  QueueSignal();
  ~QueueSignal();
  QueueSignal(const QueueSignal&) = delete;
  QueueSignal& operator=(const QueueSignal&) = delete;

  void watch(rd_kafka_queue_t* queue);
  [[nodiscard]] int fd() const { return fd_; }
  /// To be called before the queue is emptied.
  void clear() const;
  void wait(Time deadline) const;

 private:
  const int fd_;
};

}  // namespace leat::load::kafka
