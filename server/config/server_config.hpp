#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leat::server {

/// For a listener that is not wanted.
inline constexpr std::string_view kOff = "off";

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { text, json };
/// What an acknowledgement of a topic rests on: the journal on stable storage, or the operating system's page cache.
enum class Durability : std::uint8_t { durable, os };

struct ListenConfig {
  std::string native = "127.0.0.1:7420";
  std::string http = "127.0.0.1:7421";  ///< "off": none
};

struct HttpConfig {
  std::string allowed_origins;  ///< separated by spaces
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  std::string file;  ///< empty: standard error
  LogFormat format = LogFormat::text;
};

struct LimitsConfig {
  std::uint32_t connections_max = 10'000;
  std::uint32_t connections_per_address_max = 1'000;
  std::uint32_t subscriptions_per_session_max = 10'000;
  std::uint32_t topics_max = 10'000;
  std::uint32_t partitions_max = 20'000;
  std::uint32_t threads = 0;  ///< 0: one a core but one
  std::uint64_t frame_bytes_max = 8 * kMiB;
  std::uint64_t session_in_flight_bytes_max = 16 * kMiB;
  std::uint64_t session_outbox_bytes_max = 1 * kMiB;
  std::uint64_t receive_bytes_max = 48 * kMiB;
  std::uint64_t send_bytes_max = 48 * kMiB;
  std::int64_t handshake_timeout_ms = 10'000;
  std::int64_t frame_timeout_ms = 30'000;
  std::int64_t send_timeout_ms = 120'000;
};

struct StorageConfig {
  std::uint64_t journal_file_bytes = 64 * kMiB;
  std::uint32_t journal_files_max = 8;
  std::uint64_t segment_bytes = 256 * kMiB;
  std::uint64_t tail_cache_bytes = 32 * kMiB;
  std::uint64_t commit_queue_bytes_max = 16 * kMiB;
  std::uint64_t disk_reserve_bytes = 64 * kMiB;
  std::int64_t checkpoint_interval_ms = 10'000;
  std::int64_t retention_check_interval_ms = 30'000;
};

/// What a topic has when its creator does not say otherwise.
struct TopicDefaults {
  std::uint32_t partitions = 1;
  std::int64_t retention_ms = -1;     ///< -1: for ever
  std::int64_t retention_bytes = -1;  ///< of one partition; -1: no limit
  std::uint64_t segment_bytes = 0;    ///< 0: storage.segment_bytes
  std::uint64_t max_message_bytes = 1 * kMiB;
  Durability durability = Durability::durable;
};

/// Every setting of the daemon with its default. A plain value: made once at start-up, then only read. settings.hpp has the
/// table that gives each member its name in files and variables, its range and its description.
struct ServerConfig {
  std::string data_dir = "leat-data";
  bool insecure_anonymous = false;
  ListenConfig listen;
  HttpConfig http;
  LogConfig log;
  LimitsConfig limits;
  StorageConfig storage;
  TopicDefaults topic_defaults;

  /// The segment size of a topic that asks for none.
  [[nodiscard]] std::uint64_t default_segment_bytes() const {
    return topic_defaults.segment_bytes != 0 ? topic_defaults.segment_bytes : storage.segment_bytes;
  }
};

}  // namespace leat::server
