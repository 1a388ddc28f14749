#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"

/// The load that `leat bench` puts on leat, put on other brokers. A driver is a Peer with its Publisher and its Subscriber.
namespace leat::load {

using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

/// Where a broker is, and the topic there.
struct Target {
  Address address;
  std::string topic;
};

/// Told when the broker has acknowledged a record, by the time its sending was intended.
class AckSink {
 public:
  virtual ~AckSink() = default;
  virtual void acknowledged(Time intended) = 0;
};

/// Told of every value that arrives. The bytes are valid during the call.
class ValueSink {
 public:
  virtual ~ValueSink() = default;
  virtual void take(ByteSpan value) = 0;
};

/// What a driver may suit itself to.
struct PublisherSettings {
  std::size_t value_bytes = 0;
  std::uint64_t in_flight = 0;      ///< most unacknowledged records, without a rate
  std::optional<double> rate;       ///< records a second of this publisher
  bool spread = false;              ///< each record goes to the partition behind the last one's
  std::optional<double> linger_ms;  ///< how long a batch may wait to fill, where the driver leaves that to the caller

  /// So few records that they are sent one by one. Of more it costs less time to gather some than the broker takes for each
  /// alone.
  [[nodiscard]] bool is_sparse() const {
    constexpr double kSparseRate = 2000;
    return rate ? *rate <= kSparseRate : in_flight == 1;
  }
};

/// One connection that publishes. One thread calls everything and is the one that the sink is called on. Any failure, a record
/// that the broker refuses among them, is the error of the next call and ends the load.
class Publisher {
 public:
  virtual ~Publisher() = default;
  /// Queues a record; it may be on its way on return, and is with await() at the latest. The value is copied or written.
  virtual Result<void> send(ByteSpan value, Time intended) = 0;
  /// Takes acknowledgements until there were so many since the beginning, or until the deadline.
  virtual Result<void> await(std::uint64_t acknowledged, Time deadline) = 0;

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }

 protected:
  explicit Publisher(AckSink& sink) : sink_(sink) {}
  void on_acknowledged(Time intended) {
    acknowledged_.store(acknowledged() + 1, std::memory_order_relaxed);
    sink_.acknowledged(intended);
  }

 private:
  AckSink& sink_;
  std::atomic<std::uint64_t> acknowledged_{0};
};

/// Where a subscriber begins.
enum class From : std::uint8_t { start, end };

/// One connection that receives. One thread.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// On return every record published from now on will arrive, and from `start` every one before as well.
  virtual Result<void> begin(From from) = 0;
  /// Readable when receive() may find something.
  [[nodiscard]] virtual int fd() const = 0;
  /// Takes what has arrived, without waiting.
  virtual Result<void> receive(ValueSink& sink) = 0;
};

/// A broker of one kind at one address.
class Peer {
 public:
  virtual ~Peer() = default;
  /// Deletes the topic if there is one and makes it anew.
  virtual Result<void> create_topic(std::uint32_t partitions) = 0;
  /// Connected, and ready for send().
  virtual Result<std::unique_ptr<Publisher>> publisher(const PublisherSettings& settings, AckSink& sink) = 0;
  /// Connected; begin() is next.
  virtual Result<std::unique_ptr<Subscriber>> subscriber() = 0;
  /// More of them than this in one process measure the process.
  [[nodiscard]] virtual std::uint32_t subscribers_max() const { return 1'000'000; }
};

/// The name of one partition with brokers whose topics have no partitions: each is a topic of its own there.
inline std::string partition_name(const std::string& topic, std::uint32_t partitions, std::uint32_t number) {
  return partitions == 1 ? topic : topic + "-" + std::to_string(number);
}

/// For the drivers that read one partition only.
inline Error reads_one_partition() {
  return Error(Errc::unsupported_request, "this driver reads topics of one partition: create it with --partitions 1");
}

}  // namespace leat::load
