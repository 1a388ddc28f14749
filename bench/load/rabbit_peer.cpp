#include "bench/load/rabbit_peer.hpp"

#include <thread>

#include "bench/load/rabbit_connection.hpp"
#include "bench/load/wire_publisher.hpp"

namespace leat::load {
namespace {

using rabbit::Code;
using rabbit::Key;

/// Publisher ids are one byte.
constexpr std::uint32_t kPartitionsMax = 256;
/// Under the frame's maximum of 1 MiB, with room for the record that is begun below it.
constexpr std::size_t kValueBytesMax = std::size_t{768} << 10;
/// Chunks that may be under way to a subscriber.
constexpr std::uint16_t kCredit = 10;
constexpr std::uint8_t kSubscription = 1;
constexpr int kReadsMax = 16;

/// Publishes with confirms. A frame holds what send() gathered before it is written, and is of one partition: they take turns.
class RabbitPublisher final : public WirePublisher {
 public:
  RabbitPublisher(rabbit::Connection connection, std::uint32_t partitions, AckSink& sink, SteadyClock::duration linger)
      : WirePublisher(connection.wire(), sink, linger), connection_(std::move(connection)), partitions_(partitions) {}

 private:
  void append(ByteSpan value, std::uint64_t number) override {
    if (!frame_.is_open()) {
      frame_.begin(wire().out(), static_cast<std::uint8_t>(next_partition_));
      next_partition_ = (next_partition_ + 1) % partitions_;
    }
    frame_.add(wire().out(), number, value);
  }

  void end_batch() override {
    if (frame_.is_open()) frame_.finish(wire().out());
  }

  Result<void> take_answers() override {
    while (true) {
      LEAT_ASSIGN(const auto frame, rabbit::parse_frame(wire().received()));
      if (!frame) return ok();
      if (frame->key == Key::publish_confirm) {
        LEAT_ASSIGN(const auto confirms, rabbit::Confirms::parse(frame->body));
        for (std::size_t i = 0; i < confirms.size(); ++i) LEAT_TRY(acknowledge(confirms[i]));
      } else if (frame->key == Key::publish_error) {
        return Error(Errc::invalid_batch, "RabbitMQ refused a record");
      } else {
        LEAT_TRY(rabbit::check_unasked(*frame));
      }
      wire().consume(frame->size_bytes);
    }
  }

  rabbit::Connection connection_;
  const std::uint32_t partitions_;
  std::uint32_t next_partition_ = 0;
  rabbit::PublishFrame frame_;
};

/// Gives a credit back for each chunk.
class RabbitSubscriber final : public Subscriber {
 public:
  RabbitSubscriber(rabbit::Connection connection, std::string stream)
      : connection_(std::move(connection)), stream_(std::move(stream)) {
    append_credit(credit_frame_);
  }

  Result<void> begin(From from) override {
    constexpr std::uint16_t kFirst = 1;
    constexpr std::uint16_t kNext = 3;
    std::string body;
    rabbit::append(body, kSubscription);
    rabbit::append_string(body, stream_);
    rabbit::append(body, from == From::start ? kFirst : kNext);
    rabbit::append(body, kCredit);
    rabbit::append(body, std::uint32_t{0});
    LEAT_ASSIGN(const Code subscribed, connection_.ask(Key::subscribe, body));
    if (subscribed == Code::ok) return ok();
    LEAT_ASSIGN(const auto partitions, connection_.partition_count(stream_));
    return partitions > 1 ? reads_one_partition() : rabbit::refused("subscribe", subscribed);
  }

  [[nodiscard]] int fd() const override { return fd_; }

  Result<void> receive(ValueSink& sink) override {
    for (int reads = 0;; ++reads) {
      // Before the first read: chunks may have come with the answer to Subscribe.
      LEAT_TRY(take_frames(sink));
      if (reads == kReadsMax) return ok();
      LEAT_ASSIGN(const bool arrived, connection_.wire().read_some());
      if (!arrived) return ok();
    }
  }

 private:
  static void append_credit(std::string& out) {
    std::string body;
    rabbit::append(body, kSubscription);
    rabbit::append(body, std::uint16_t{1});
    rabbit::append_frame(out, Key::credit, body);
  }

  Result<void> take_frames(ValueSink& sink) {
    Wire& wire = connection_.wire();
    while (true) {
      LEAT_ASSIGN(const auto frame, rabbit::parse_frame(wire.received()));
      if (!frame) break;
      if (frame->key == Key::deliver) {
        wire.out().append(credit_frame_);
        LEAT_TRY(take_chunk(frame->body, sink));
      } else {
        LEAT_TRY(rabbit::check_unasked(*frame));
      }
      wire.consume(frame->size_bytes);
    }
    return wire.write_some();
  }

  static Result<void> take_chunk(ByteSpan body, ValueSink& sink) {
    LEAT_ASSIGN(auto chunk, rabbit::ChunkReader::open(body));
    while (true) {
      LEAT_ASSIGN(const auto value, chunk.next());
      if (!value) return ok();
      sink.take(*value);
    }
  }

  rabbit::Connection connection_;
  const int fd_ = connection_.wire().fd();
  const std::string stream_;
  std::string credit_frame_;
};

/// Streams come and go in the background: asks again until the answer is another one than `passing`.
template <class Ask>
Result<Code> ask_until_settled(Ask ask, Code passing) {
  const Time deadline = answer_deadline();
  while (true) {
    LEAT_ASSIGN(const Code code, ask());
    if (code != passing || SteadyClock::now() > deadline) return code;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

class RabbitPeer final : public Peer {
 public:
  explicit RabbitPeer(Target target) : target_(std::move(target)) {}

  Result<void> create_topic(std::uint32_t partitions) override {
    if (partitions > kPartitionsMax) return Error(Errc::unsupported_request, "a connection publishes to at most 256 streams");
    LEAT_ASSIGN(auto connection, rabbit::Connection::open(target_.address));
    LEAT_ASSIGN(const auto had, connection.partition_count(target_.topic));
    for (std::uint32_t i = 0; i < had; ++i) {
      LEAT_ASSIGN(const Code removed, connection.ask(Key::remove, name_body(partition_name(target_.topic, had, i))));
      if (removed != Code::ok && removed != Code::no_such_stream) return rabbit::refused("delete a stream", removed);
    }
    for (std::uint32_t i = 0; i < partitions; ++i) {
      LEAT_TRY(create_stream(connection, partition_name(target_.topic, partitions, i)));
    }
    return ok();
  }

  Result<std::unique_ptr<Publisher>> publisher(const PublisherSettings& settings, AckSink& sink) override {
    if (settings.value_bytes > kValueBytesMax) {
      return Error(Errc::batch_too_large, "a frame of RabbitMQ's is at most 1 MiB, and this driver fills it to three quarters");
    }
    LEAT_ASSIGN(auto connection, rabbit::Connection::open(target_.address));
    LEAT_ASSIGN(const auto partitions, connection.partition_count(target_.topic));
    if (partitions == 0) return Error(Errc::unknown_topic, target_.topic);
    for (std::uint32_t i = 0; i < partitions; ++i) {
      std::string body;
      rabbit::append(body, static_cast<std::uint8_t>(i));
      rabbit::append_string(body, {});  // no name: nothing is deduplicated
      rabbit::append_string(body, partition_name(target_.topic, partitions, i));
      LEAT_ASSIGN(const Code declared,
                  ask_until_settled([&] { return connection.ask(Key::declare_publisher, body); }, Code::stream_not_available));
      if (declared != Code::ok) return rabbit::refused("take a publisher", declared);
    }
    // The official clients gather for 100 ms. Frames of one record each are more than the broker can take at 10,000 a second.
    const double linger_ms = settings.linger_ms.value_or(settings.rate && !settings.is_sparse() ? 1 : 0);
    const auto linger = std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double, std::milli>(linger_ms));
    return std::make_unique<RabbitPublisher>(std::move(connection), partitions, sink, linger);
  }

  Result<std::unique_ptr<Subscriber>> subscriber() override {
    LEAT_ASSIGN(auto connection, rabbit::Connection::open(target_.address));
    return std::make_unique<RabbitSubscriber>(std::move(connection), target_.topic);
  }

 private:
  static std::string name_body(const std::string& stream) {
    std::string body;
    rabbit::append_string(body, stream);
    return body;
  }

  static Result<void> create_stream(rabbit::Connection& connection, const std::string& stream) {
    std::string body = name_body(stream);
    rabbit::append(body, std::uint32_t{0});  // no arguments: nothing limits it
    LEAT_ASSIGN(const Code created, ask_until_settled([&] { return connection.ask(Key::create, body); }, Code::stream_exists));
    return created == Code::ok ? ok() : Result<void>(rabbit::refused("create a stream", created));
  }

  const Target target_;
};

}  // namespace

std::unique_ptr<Peer> make_rabbit_peer(Target target) { return std::make_unique<RabbitPeer>(std::move(target)); }

}  // namespace leat::load
