#include "bench/load/redis_peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "bench/load/partition_turns.hpp"
#include "bench/load/redis_replies.hpp"
#include "bench/load/wire_publisher.hpp"

namespace leat::load {
namespace {

/// What an answer to XREAD is meant to have. Less costs more round trips, and more does not fit into the processor's caches.
constexpr std::size_t kReadBytes = std::size_t{400} << 10;
/// What an entry has beside its value: its id, the field's name, lengths.
constexpr std::size_t kEntryBytes = 40;
/// Entries of the first XREAD, when their size is not known.
constexpr std::size_t kFirstReadCount = 100;
/// Rounds of one receive(), after which others have their turn.
constexpr int kReadsMax = 16;

/// Where a topic of several partitions says how many: they are a stream each.
std::string partitions_key(const std::string& topic) { return topic + ":partitions"; }

void append_bulk_length(std::string& out, std::size_t length) {
  const fmt::format_int digits(length);
  out.append("$").append(digits.data(), digits.size()).append("\r\n");
}

std::string bulk(const std::string& text) {
  std::string out;
  append_bulk_length(out, text.size());
  return out + text + "\r\n";
}

/// XADD or PUBLISH, pipelined. The reply to each is its acknowledgement: with appendfsync always it comes after the fsync.
class RedisPublisher final : public WirePublisher, private RedisReplySink {
 public:
  /// `commands`: all of a command but the value, a partition each.
  RedisPublisher(std::unique_ptr<Wire> wire, std::vector<std::string> commands, bool spread, AckSink& sink)
      : WirePublisher(*wire, sink), wire_(std::move(wire)), commands_(std::move(commands)), turns_(commands_.size(), spread) {}

 private:
  // Formatted here rather than by hiredis, which would allocate and copy each command.
  void append(ByteSpan value, std::uint64_t) override {
    std::string& out = wire().out();
    out.append(commands_[turns_.next(value.size())]);
    append_bulk_length(out, value.size());
    out.append(as_text(value)).append("\r\n");
  }

  Result<void> take_answers() override {
    LEAT_ASSIGN(const auto answers, replies_.take(wire()));
    for (std::uint64_t i = 0; i < answers; ++i) LEAT_TRY(acknowledge_oldest());
    return ok();
  }

  void on_string(unsigned, int, std::string_view) override {}
  void on_integer(unsigned, int, std::int64_t) override {}

  std::unique_ptr<Wire> wire_;
  const std::vector<std::string> commands_;
  PartitionTurns turns_;
  RedisReplies replies_{*this};
};

/// XREAD BLOCK, the next one as soon as the last one is answered.
class StreamSubscriber final : public Subscriber, private RedisReplySink {
 public:
  StreamSubscriber(std::unique_ptr<Wire> wire, std::string key) : wire_(std::move(wire)), key_(std::move(key)) {}

  Result<void> begin(From from) override {
    LEAT_ASSIGN(const auto partitions, ask_redis(*wire_, {{"GET", partitions_key(key_)}}));
    if (!partitions.empty()) return reads_one_partition();
    if (from == From::end) {
      // Not "$": what that is would be known only when the first XREAD has arrived.
      LEAT_ASSIGN(const auto newest, ask_redis(*wire_, {{"XREVRANGE", key_, "+", "-", "COUNT", "1"}}));
      if (!newest.empty()) last_id_ = newest.front();
    }
    return ask_for_more();
  }

  [[nodiscard]] int fd() const override { return wire_->fd(); }

  Result<void> receive(ValueSink& sink) override {
    sink_ = &sink;
    for (int reads = 0; reads < kReadsMax; ++reads) {
      LEAT_ASSIGN(const bool arrived, wire_->read_some());
      if (!arrived) return ok();
      LEAT_ASSIGN(const auto answers, replies_.take(*wire_));
      if (answers > 0) LEAT_TRY(ask_for_more());
    }
    return ok();
  }

 private:
  Result<void> ask_for_more() {
    const auto count = std::to_string(std::max<std::size_t>(1, kReadBytes / entry_bytes_));
    append_redis_command(*wire_, {"XREAD", "COUNT", count, "BLOCK", "0", "STREAMS", key_, last_id_});
    return wire_->write_some();
  }

  // [[key, [[id, [field, value]], ...]]]
  void on_string(unsigned depth, int index, std::string_view text) override {
    constexpr unsigned kIdDepth = 4;
    constexpr unsigned kFieldDepth = 5;
    if (depth == kIdDepth) {
      last_id_ = text;
    } else if (depth == kFieldDepth && index == 1) {
      entry_bytes_ = kEntryBytes + text.size();
      sink_->take(as_bytes(text));
    }
  }
  void on_integer(unsigned, int, std::int64_t) override {}

  std::unique_ptr<Wire> wire_;
  const std::string key_;
  std::string last_id_ = "0-0";
  std::size_t entry_bytes_ = kReadBytes / kFirstReadCount;  ///< of the last one
  ValueSink* sink_ = nullptr;
  RedisReplies replies_{*this};
};

/// SUBSCRIBE.
class ChannelSubscriber final : public Subscriber, private RedisReplySink {
 public:
  ChannelSubscriber(std::unique_ptr<Wire> wire, std::string channel) : wire_(std::move(wire)), channel_(std::move(channel)) {}

  Result<void> begin(From from) override {
    if (from == From::start) return Error(Errc::unsupported_request, "Redis pub/sub keeps nothing to read from the start");
    LEAT_TRY(ask_redis(*wire_, {{"SUBSCRIBE", channel_}}));
    return ok();
  }

  [[nodiscard]] int fd() const override { return wire_->fd(); }

  Result<void> receive(ValueSink& sink) override {
    sink_ = &sink;
    for (int reads = 0; reads < kReadsMax; ++reads) {
      LEAT_ASSIGN(const bool arrived, wire_->read_some());
      if (!arrived) return ok();
      LEAT_TRY(replies_.take(*wire_));
    }
    return ok();
  }

 private:
  // ["message", channel, value]
  void on_string(unsigned depth, int index, std::string_view text) override {
    if (depth == 1 && index == 2) sink_->take(as_bytes(text));
  }
  void on_integer(unsigned, int, std::int64_t) override {}

  std::unique_ptr<Wire> wire_;
  const std::string channel_;
  ValueSink* sink_ = nullptr;
  RedisReplies replies_{*this};
};

class RedisPeer final : public Peer {
 public:
  RedisPeer(Target target, bool is_pub_sub) : target_(std::move(target)), is_pub_sub_(is_pub_sub) {}

  Result<void> create_topic(std::uint32_t partitions) override {
    LEAT_ASSIGN(const auto wire, Wire::connect(target_.address));
    if (is_pub_sub_) return partitions == 1 ? ok() : no_partitions();
    LEAT_ASSIGN(const auto had, partition_count(*wire));
    std::vector<std::vector<std::string>> commands{{"DEL", partitions_key(target_.topic), target_.topic}};
    for (std::uint32_t i = 0; i < had; ++i) commands.push_back({"DEL", partition_name(target_.topic, had, i)});
    if (partitions > 1) commands.push_back({"SET", partitions_key(target_.topic), std::to_string(partitions)});
    LEAT_TRY(ask_redis(*wire, commands));
    return ok();
  }

  Result<std::unique_ptr<Publisher>> publisher(const PublisherSettings& settings, AckSink& sink) override {
    LEAT_ASSIGN(auto wire, Wire::connect(target_.address));
    std::vector<std::string> commands;
    if (is_pub_sub_) {
      commands.push_back("*3\r\n" + bulk("PUBLISH") + bulk(target_.topic));
    } else {
      LEAT_ASSIGN(const auto partitions, partition_count(*wire));
      for (std::uint32_t i = 0; i < partitions; ++i) {
        commands.push_back("*5\r\n" + bulk("XADD") + bulk(partition_name(target_.topic, partitions, i)) + bulk("*") + bulk("d"));
      }
    }
    return std::make_unique<RedisPublisher>(std::move(wire), std::move(commands), settings.spread, sink);
  }

  Result<std::unique_ptr<Subscriber>> subscriber() override {
    LEAT_ASSIGN(auto wire, Wire::connect(target_.address));
    if (is_pub_sub_) return std::make_unique<ChannelSubscriber>(std::move(wire), target_.topic);
    return std::make_unique<StreamSubscriber>(std::move(wire), target_.topic);
  }

 private:
  static Error no_partitions() { return Error(Errc::unsupported_request, "a channel of Redis pub/sub has no partitions"); }

  Result<std::uint32_t> partition_count(Wire& wire) const {
    LEAT_ASSIGN(const auto answer, ask_redis(wire, {{"GET", partitions_key(target_.topic)}}));
    std::uint32_t count = 1;
    if (!answer.empty()) std::from_chars(answer[0].data(), answer[0].data() + answer[0].size(), count);
    return std::max<std::uint32_t>(1, count);
  }

  const Target target_;
  const bool is_pub_sub_;
};

}  // namespace

std::unique_ptr<Peer> make_redis_peer(Target target, bool is_pub_sub) {
  return std::make_unique<RedisPeer>(std::move(target), is_pub_sub);
}

}  // namespace leat::load
