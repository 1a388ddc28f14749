#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"

namespace leat::storage {

enum class Durability : std::uint8_t {
  durable,  ///< batches go through the journal: on stable storage before they are visible
  os,       ///< page cache only: they survive the death of the broker, not of the machine
};

/// What the numbers may be.
inline constexpr std::int64_t kSegmentBytesMin = 1024;
inline constexpr std::int64_t kSegmentBytesMax = 1LL << 31;
inline constexpr std::int64_t kBatchBytesMin = 256;
inline constexpr std::int64_t kBatchBytesMax = 64LL << 20;

/// A topic's settings, all of them in effect. The names in quotes are how they are spelled on the wire.
struct TopicConfig {
  std::int64_t retention_ms = -1;               ///< "retention.ms"; -1: for ever
  std::int64_t retention_bytes = -1;            ///< "retention.bytes", a partition; -1: without limit
  std::int64_t segment_bytes = 256LL << 20;     ///< "segment.bytes"
  std::int64_t batch_bytes_max = 1LL << 20;     ///< "max.message.bytes", a whole batch
  Durability durability = Durability::durable;  ///< "durability": "durable" or "os"

  friend bool operator==(const TopicConfig&, const TopicConfig&) = default;
};

/// What was set for one topic, by name; everything else comes from the broker's defaults.
using TopicSettings = std::map<std::string, std::string>;

/// The defaults with the settings applied. invalid_argument names the setting, what it takes and, for an unknown one, which there
/// are.
Result<TopicConfig> apply_settings(TopicConfig defaults, const TopicSettings& settings);

struct DescribedSetting {
  std::string key;
  std::string value;
  bool is_default;
};
/// Every setting in effect, in a fixed order.
std::vector<DescribedSetting> describe_settings(const TopicConfig& effective, const TopicSettings& settings);

/// 1-249 of A-Z a-z 0-9 . _ -, not "." or "..", not beginning with "__" (kept for the broker): invalid_topic_name says which
/// rule.
Result<void> check_topic_name(std::string_view name);

}  // namespace leat::storage
