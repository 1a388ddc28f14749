#include "bench/load/nats_peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>

#include "bench/load/nats_connection.hpp"
#include "bench/load/partition_turns.hpp"
#include "bench/load/wire_publisher.hpp"

namespace leat::load {
namespace {

using nats::Connection;
using nats::Operation;

constexpr std::uint64_t kData = 1;
constexpr std::uint64_t kAcks = 2;
/// A pull of a JetStream consumer asks for so many messages, or for those that come to so many bytes. Two are under way, and the
/// server drops whoever leaves 64 MiB unread.
constexpr std::uint64_t kPullMessagesMax = 5000;
constexpr std::uint64_t kPullBytes = 8U << 20;
constexpr std::uint64_t kPullMessagesOfUnknownSize = 100;
constexpr int kReadsMax = 16;

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

bool is_error(std::string_view answer) { return answer.find("\"error\"") != std::string_view::npos; }

Error refused(std::string_view answer) { return Error(Errc::invalid_argument, "JetStream answers " + std::string(answer)); }

/// What the answer says of the consumer's name.
std::string name_in(std::string_view answer) {
  constexpr std::string_view kKey = R"("name":")";
  const auto at = answer.find(kKey);
  if (at == std::string_view::npos) return {};
  const auto begin = at + kKey.size();
  return std::string(answer.substr(begin, answer.find('"', begin) - begin));
}

/// 0: there is no such topic.
Result<std::uint32_t> partition_count(Connection& connection, const std::string& topic) {
  const auto exists = [&connection](const std::string& stream) -> Result<bool> {
    LEAT_ASSIGN(const auto answer, connection.request("$JS.API.STREAM.INFO." + stream, {}));
    return !is_error(answer);
  };
  LEAT_ASSIGN(const bool is_single, exists(topic));
  if (is_single) return 1U;
  for (std::uint32_t count = 0;; ++count) {
    LEAT_ASSIGN(const bool is_there, exists(partition_name(topic, 2, count)));
    if (!is_there) return count;
  }
}

/// JetStream: each message has a reply subject of its own, and what comes there is its acknowledgement, as in the official
/// clients' asynchronous publishing. Several partitions are a stream each.
class JetStreamPublisher final : public WirePublisher {
 public:
  JetStreamPublisher(std::unique_ptr<Connection> connection, const std::string& topic, std::uint32_t partitions, bool spread,
                     AckSink& sink)
      : WirePublisher(connection->wire(), sink),
        connection_(std::move(connection)),
        reply_prefix_(connection_->inbox("")),
        turns_(partitions, spread) {
    for (std::uint32_t i = 0; i < partitions; ++i) {
      commands_.push_back("PUB " + partition_name(topic, partitions, i) + " " + reply_prefix_);
    }
  }

 private:
  void append(ByteSpan value, std::uint64_t number) override {
    std::string& out = wire().out();
    out.append(commands_[turns_.next(value.size())]);
    append_number(out, number);
    out.append(" ");
    append_number(out, value.size());
    out.append("\r\n");
    out.append(as_text(value)).append("\r\n");
  }

  Result<void> take_answers() override {
    return connection_->take([this](const Operation& operation) -> Result<void> {
      if (operation.subscription != kAcks) return ok();
      if (is_error(as_text(operation.payload))) return refused(as_text(operation.payload));
      if (const auto status = nats::status_of(operation.headers); !status.empty()) return refused(status);
      std::uint64_t number = 0;
      const auto digits = operation.subject.substr(std::min(reply_prefix_.size(), operation.subject.size()));
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return acknowledge(number);
    });
  }

  std::unique_ptr<Connection> connection_;
  const std::string reply_prefix_;
  PartitionTurns turns_;
  std::vector<std::string> commands_;
};

/// NATS without JetStream acknowledges nothing. The server answers a ping when it has processed what came before, so each write
/// ends with one, and its pong acknowledges.
class CorePublisher final : public WirePublisher {
 public:
  CorePublisher(std::unique_ptr<Connection> connection, const std::string& subject, AckSink& sink)
      : WirePublisher(connection->wire(), sink), connection_(std::move(connection)), command_("PUB " + subject + " ") {}

 private:
  void append(ByteSpan value, std::uint64_t number) override {
    std::string& out = wire().out();
    out.append(command_);
    append_number(out, value.size());
    out.append("\r\n").append(as_text(value)).append("\r\n");
    appended_ = number + 1;
  }

  void end_batch() override {
    if (appended_ == pinged_) return;
    wire().out().append("PING\r\n");
    pings_.push_back(appended_);
    pinged_ = appended_;
  }

  Result<void> take_answers() override {
    return connection_->take([this](const Operation& operation) -> Result<void> {
      if (operation.kind != Operation::Kind::pong || pings_.empty()) return ok();
      while (book().oldest() < pings_.front()) LEAT_TRY(acknowledge_oldest());
      pings_.pop_front();
      return ok();
    });
  }

  std::unique_ptr<Connection> connection_;
  const std::string command_;
  std::uint64_t appended_ = 0;
  std::uint64_t pinged_ = 0;
  std::deque<std::uint64_t> pings_;  ///< records before each that is unanswered
};

/// Without JetStream a plain subscription. With it a consumer without acknowledgements: one that is pushed to from the end, one
/// that pulls from the start, as the server drops a connection that does not keep up with what it is pushed.
class NatsSubscriber final : public Subscriber {
 public:
  NatsSubscriber(std::unique_ptr<Connection> connection, std::string topic, bool is_jet_stream)
      : connection_(std::move(connection)), topic_(std::move(topic)), is_jet_stream_(is_jet_stream) {}

  Result<void> begin(From from) override {
    if (!is_jet_stream_) {
      if (from == From::start) return Error(Errc::unsupported_request, "NATS without JetStream keeps nothing to read");
      return connection_->subscribe(topic_, kData);
    }
    LEAT_TRY(connection_->subscribe(connection_->inbox("data"), kData));
    return from == From::start
               ? begin_pulling()
               : create_consumer(R"("deliver_policy":"new","deliver_subject":")" + connection_->inbox("data") + "\"");
  }

  [[nodiscard]] int fd() const override { return fd_; }

  Result<void> receive(ValueSink& sink) override {
    for (int reads = 0;; ++reads) {
      // Before the first read: messages may have come with the last answer.
      LEAT_TRY(connection_->take([this, &sink](const Operation& operation) { return took(operation, sink); }));
      LEAT_TRY(connection_->wire().write_some());
      if (reads == kReadsMax) return ok();
      LEAT_ASSIGN(const bool arrived, connection_->wire().read_some());
      if (!arrived) return ok();
    }
  }

 private:
  Result<void> create_consumer(const std::string& settings) {
    const std::string body = R"({"stream_name":")" + topic_ +
                             R"(","config":{"ack_policy":"none","replay_policy":"instant","mem_storage":true,)" + settings + "}}";
    LEAT_ASSIGN(const auto answer, connection_->request("$JS.API.CONSUMER.CREATE." + topic_, body));
    if (!is_error(answer)) {
      consumer_ = name_in(answer);
      return ok();
    }
    LEAT_ASSIGN(const auto partitions, partition_count(*connection_, topic_));
    return partitions > 1 ? reads_one_partition() : refused(answer);
  }

  Result<void> begin_pulling() {
    LEAT_TRY(create_consumer(R"("deliver_policy":"all","max_waiting":512)"));
    pull();
    pull();
    return connection_->wire().write_some();
  }

  void pull() {
    pull_messages_ = message_bytes_ == 0 ? kPullMessagesOfUnknownSize
                                         : std::clamp<std::uint64_t>(kPullBytes / message_bytes_, 1, kPullMessagesMax);
    const std::string body = R"({"batch":)" + std::to_string(pull_messages_) + R"(,"expires":30000000000})";
    connection_->append_publish("$JS.API.CONSUMER.MSG.NEXT." + topic_ + "." + consumer_, connection_->inbox("data"),
                                as_bytes(body));
    pulled_ += pull_messages_;
  }

  Result<void> took(const Operation& operation, ValueSink& sink) {
    if (operation.subscription != kData) return ok();
    const auto status = nats::status_of(operation.headers);
    if (status.empty()) {
      sink.take(operation.payload);
      message_bytes_ = operation.payload.size();
      // The first of two was used up; or the one there is since another expired.
      if (pulled_ > 0 && (--pulled_ == pull_messages_ || pulled_ == 0)) pull();
      return ok();
    }
    // A pull that expired with less than it asked for.
    if (!status.starts_with("408") && !status.starts_with("404")) return refused(status);
    pulled_ = 0;
    pull();
    return ok();
  }

  std::unique_ptr<Connection> connection_;
  const int fd_ = connection_->wire().fd();
  const std::string topic_;
  const bool is_jet_stream_;
  std::string consumer_;
  std::uint64_t pulled_ = 0;         ///< messages asked for and not received
  std::uint64_t pull_messages_ = 0;  ///< of them by the last pull
  std::size_t message_bytes_ = 0;    ///< of the last message; 0 before the first
};

class NatsPeer final : public Peer {
 public:
  NatsPeer(Target target, bool is_jet_stream) : target_(std::move(target)), is_jet_stream_(is_jet_stream) {}

  Result<void> create_topic(std::uint32_t partitions) override {
    LEAT_ASSIGN(const auto connection, Connection::open(target_.address));
    if (!is_jet_stream_) return partitions == 1 ? ok() : no_partitions();
    LEAT_ASSIGN(const auto had, partition_count(*connection, target_.topic));
    for (std::uint32_t i = 0; i < had; ++i) {
      LEAT_ASSIGN(const auto answer, connection->request("$JS.API.STREAM.DELETE." + partition_name(target_.topic, had, i), {}));
      if (is_error(answer)) return refused(answer);
    }
    for (std::uint32_t i = 0; i < partitions; ++i) {
      const std::string name = partition_name(target_.topic, partitions, i);
      std::string body = R"({"name":")";
      body.append(name).append(R"(","subjects":[")").append(name);
      body.append(R"("],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,)"
                  R"("storage":"file","num_replicas":1,"discard":"old"})");
      LEAT_ASSIGN(const auto answer, connection->request("$JS.API.STREAM.CREATE." + name, body));
      if (is_error(answer)) return refused(answer);
    }
    return ok();
  }

  Result<std::unique_ptr<Publisher>> publisher(const PublisherSettings& settings, AckSink& sink) override {
    LEAT_ASSIGN(auto connection, Connection::open(target_.address));
    if (!is_jet_stream_) return std::make_unique<CorePublisher>(std::move(connection), target_.topic, sink);
    LEAT_ASSIGN(const auto partitions, partition_count(*connection, target_.topic));
    if (partitions == 0) return Error(Errc::unknown_topic, target_.topic);
    LEAT_TRY(connection->subscribe(connection->inbox("*"), kAcks));
    return std::make_unique<JetStreamPublisher>(std::move(connection), target_.topic, partitions, settings.spread, sink);
  }

  Result<std::unique_ptr<Subscriber>> subscriber() override {
    LEAT_ASSIGN(auto connection, Connection::open(target_.address));
    return std::make_unique<NatsSubscriber>(std::move(connection), target_.topic, is_jet_stream_);
  }

 private:
  static Error no_partitions() { return Error(Errc::unsupported_request, "a subject of NATS has no partitions"); }

  const Target target_;
  const bool is_jet_stream_;
};

}  // namespace

std::unique_ptr<Peer> make_nats_peer(Target target, bool is_jet_stream) {
  return std::make_unique<NatsPeer>(std::move(target), is_jet_stream);
}

}  // namespace leat::load
