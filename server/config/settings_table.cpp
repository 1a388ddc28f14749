#include <array>
#include <limits>

#include "server/broker/broker.hpp"
#include "server/config/settings.hpp"

namespace leat::server {
namespace {

template <auto Member>
auto& top(ServerConfig& config) {
  return config.*Member;
}

template <auto Section, auto Member>
auto& in(ServerConfig& config) {
  return config.*Section.*Member;
}

template <auto Section, auto Member>
constexpr ChoiceRef choice_of() {
  return {[](const ServerConfig& config) { return static_cast<std::size_t>(config.*Section.*Member); },
          [](ServerConfig& config, std::size_t index) {
            auto& value = config.*Section.*Member;
            value = static_cast<std::remove_reference_t<decltype(value)>>(index);
          }};
}

// In the order of their enums.
constexpr std::array<std::string_view, 6> kLogLevels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 2> kLogFormats{"text", "json"};
constexpr std::array<std::string_view, 2> kDurabilities{"durable", "os"};

constexpr auto kListen = &ServerConfig::listen;
constexpr auto kHttp = &ServerConfig::http;
constexpr auto kLog = &ServerConfig::log;
constexpr auto kLimits = &ServerConfig::limits;
constexpr auto kStorage = &ServerConfig::storage;
constexpr auto kTopic = &ServerConfig::topic_defaults;

constexpr std::int64_t kK = 1024;
constexpr std::int64_t kM = 1024 * kK;
constexpr std::int64_t kG = 1024 * kM;
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

using enum SettingKind;
using L = LimitsConfig;
using S = StorageConfig;
using T = TopicDefaults;

Setting in_range(std::string_view path, SettingKind kind, SettingTarget target, std::int64_t min, std::int64_t max,
                 std::string_view help) {
  return {path, kind, target, min, max, {}, help};
}

Setting yes_or_no(std::string_view path, SettingRef<bool> target, std::string_view help) {
  return {path, flag, target, 0, 1, {}, help};
}

Setting one_of(std::string_view path, ChoiceRef target, std::span<const std::string_view> choices, std::string_view help) {
  return {path, choice, target, 0, 0, choices, help};
}

const std::array kSettings{
    in_range("data_dir", text, &top<&ServerConfig::data_dir>, 1, 4096, "Where everything is kept; one daemon at a time."),
    yes_or_no("insecure_anonymous", &top<&ServerConfig::insecure_anonymous>,
              "Allows listeners that other machines can reach although nobody is authenticated."),

    in_range("listen.native", text, &in<kListen, &ListenConfig::native>, 1, 300,
             "HOST:PORT of the native protocol; port 0 takes a free one."),
    in_range("listen.http", text, &in<kListen, &ListenConfig::http>, 1, 300,
             "HOST:PORT of HTTP, WebSocket and the console page; off: none of them."),

    in_range("http.allowed_origins", text, &in<kHttp, &HttpConfig::allowed_origins>, 0, 4096,
             "Web origins beside the daemon's own whose pages may use it, separated by spaces: https://shop.example. * is any."),

    one_of("log.level", choice_of<kLog, &LogConfig::level>(), kLogLevels, "The least important lines that are written."),
    in_range("log.file", text, &in<kLog, &LogConfig::file>, 0, 4096,
             "Empty: standard error. A file is opened anew on SIGHUP, so that it can be rotated."),
    one_of("log.format", choice_of<kLog, &LogConfig::format>(), kLogFormats, "Text is for people, JSON has one object a line."),

    in_range("limits.threads", count, &in<kLimits, &L::threads>, 0, 1024,
             "Threads that serve connections; 0: one a core but one, which is left to the writers."),
    in_range("limits.connections_max", count, &in<kLimits, &L::connections_max>, 1, 1'000'000,
             "Connections at a time, of all addresses together."),
    in_range("limits.connections_per_address_max", count, &in<kLimits, &L::connections_per_address_max>, 1, 1'000'000,
             "Connections at a time from one address."),
    in_range("limits.handshake_timeout_ms", duration, &in<kLimits, &L::handshake_timeout_ms>, 100, kHour,
             "A connection that has not said hello by then is closed."),
    in_range("limits.frame_timeout_ms", duration, &in<kLimits, &L::frame_timeout_ms>, 100, kHour,
             "A connection on which a frame is not complete by then, from its first bytes on, is closed."),
    in_range("limits.send_timeout_ms", duration, &in<kLimits, &L::send_timeout_ms>, 100, kHour,
             "A connection whose peer has not taken by then what waits for it is closed."),
    in_range("limits.frame_bytes_max", size, &in<kLimits, &L::frame_bytes_max>, 64 * kK, kG,
             "The largest frame a peer may send; a larger one is refused from its length."),
    in_range("limits.session_in_flight_bytes_max", size, &in<kLimits, &L::session_in_flight_bytes_max>, 64 * kK, 4 * kG,
             "Unacknowledged bytes of one connection; beyond them its socket is not read."),
    in_range("limits.receive_bytes_max", size, &in<kLimits, &L::receive_bytes_max>, kM, 64 * kG,
             "Memory that all connections together receive into, beside 8KiB each; beyond it those with larger frames wait, and "
             "who trickles is closed."),
    in_range("limits.send_bytes_max", size, &in<kLimits, &L::send_bytes_max>, kM, 64 * kG,
             "Bytes waiting to be sent to all connections together, beside 8KiB each; beyond them answers and deliveries wait, "
             "and who does not read is closed."),
    in_range("limits.session_outbox_bytes_max", size, &in<kLimits, &L::session_outbox_bytes_max>, 64 * kK, kG,
             "Bytes waiting to be sent to one connection; beyond them its requests are not read. Deliveries stop at 256KiB."),
    in_range("limits.subscriptions_per_session_max", count, &in<kLimits, &L::subscriptions_per_session_max>, 1, 1'000'000,
             "Subscriptions of one connection, each to one partition."),
    in_range("limits.topics_max", count, &in<kLimits, &L::topics_max>, 1, 1'000'000, "Topics of this broker."),
    in_range("limits.partitions_max", count, &in<kLimits, &L::partitions_max>, 1, 10'000'000,
             "Partitions of all topics together; each takes about 7 KB of memory, empty or not."),

    in_range("storage.journal_file_bytes", size, &in<kStorage, &S::journal_file_bytes>, 2 * kM, 4 * kG,
             "Size of a journal file. They are zeroed once and then recycled."),
    in_range("storage.journal_files_max", count, &in<kStorage, &S::journal_files_max>, 2, 1024,
             "Journal files at most; with all in use, publishing waits for a checkpoint."),
    in_range("storage.segment_bytes", size, &in<kStorage, &S::segment_bytes>, 64 * kK, storage::kSegmentBytesMax,
             "A segment of a partition's log is sealed at this size."),
    in_range("storage.tail_cache_bytes", size, &in<kStorage, &S::tail_cache_bytes>, 0, 1024 * kG,
             "Memory for the newest batches of all partitions, from which subscribers at the tail are served."),
    in_range("storage.commit_queue_bytes_max", size, &in<kStorage, &S::commit_queue_bytes_max>, kM, 4 * kG,
             "Bytes waiting for the journal or for their segments, in pages of 4 KiB; beyond them publishers are held back."),
    in_range("storage.disk_reserve_bytes", size, &in<kStorage, &S::disk_reserve_bytes>, 0, 1024 * kG,
             "With less free space than this, publishing is refused and reading goes on. When a disk is full to the last page, "
             "nothing can be deleted either."),
    in_range("storage.checkpoint_interval_ms", duration, &in<kStorage, &S::checkpoint_interval_ms>, 100, kHour,
             "How often segments are synced so that journal files can be recycled."),
    in_range("storage.retention_check_interval_ms", duration, &in<kStorage, &S::retention_check_interval_ms>, 100, 24 * kHour,
             "How often segments past their retention are looked for."),

    in_range("topic_defaults.partitions", count, &in<kTopic, &T::partitions>, 1, kTopicPartitionsMax,
             "Partitions of a new topic."),
    in_range("topic_defaults.retention.ms", duration, &in<kTopic, &T::retention_ms>, -1, kAny,
             "Time since the broker appended a segment's newest record, whatever its timestamp, after which the segment may be "
             "deleted; -1: never."),
    in_range("topic_defaults.retention.bytes", size, &in<kTopic, &T::retention_bytes>, -1, kAny,
             "Size of a partition beyond which its oldest segments are deleted; -1: no limit."),
    in_range("topic_defaults.segment.bytes", size, &in<kTopic, &T::segment_bytes>, 0, storage::kSegmentBytesMax,
             "Segment size of a new topic; 0: storage.segment_bytes."),
    in_range("topic_defaults.max.message.bytes", size, &in<kTopic, &T::max_message_bytes>, storage::kBatchBytesMin,
             storage::kBatchBytesMax, "The largest record batch a topic takes."),
    one_of("topic_defaults.durability", choice_of<kTopic, &T::durability>(), kDurabilities,
           "durable: acknowledged from stable storage; os: from the page cache, lost when the machine fails."),
};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

}  // namespace leat::server
