#include "storage/catalog/topic_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace leat::storage {
namespace {

constexpr std::string_view kDurabilityKey = "durability";
constexpr std::size_t kTopicNameBytesMax = 249;

struct NumberSetting {
  std::string_view key;
  std::int64_t TopicConfig::*member;
  std::int64_t min;
  std::int64_t max;
};

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::array kNumberSettings{
    NumberSetting{"retention.ms", &TopicConfig::retention_ms, -1, kInt64Max},
    NumberSetting{"retention.bytes", &TopicConfig::retention_bytes, -1, kInt64Max},
    NumberSetting{"segment.bytes", &TopicConfig::segment_bytes, kSegmentBytesMin, kSegmentBytesMax},
    NumberSetting{"max.message.bytes", &TopicConfig::batch_bytes_max, kBatchBytesMin, kBatchBytesMax},
};

std::string accepted_keys() {
  std::string keys;
  for (const NumberSetting& setting : kNumberSettings) keys.append(setting.key).append(", ");
  return keys.append(kDurabilityKey);
}

Result<void> apply(TopicConfig& config, const std::string& key, const std::string& value) {
  if (key == kDurabilityKey) {
    if (value != "durable" && value != "os")
      return Error(Errc::invalid_argument, key + " takes durable or os, not '" + value + "'");
    config.durability = value == "os" ? Durability::os : Durability::durable;
    return ok();
  }
  const auto setting = std::ranges::find(kNumberSettings, key, &NumberSetting::key);
  if (setting == kNumberSettings.end()) {
    return Error(Errc::invalid_argument, "unknown topic setting '" + key + "', accepted are " + accepted_keys());
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < setting->min || number > setting->max) {
    return Error(Errc::invalid_argument, key + " takes a whole number from " + std::to_string(setting->min) + " to " +
                                             std::to_string(setting->max) + ", not '" + value + "'");
  }
  config.*(setting->member) = number;
  return ok();
}

}  // namespace

Result<TopicConfig> apply_settings(TopicConfig defaults, const TopicSettings& settings) {
  for (const auto& [key, value] : settings) LEAT_TRY(apply(defaults, key, value));
  return defaults;
}

std::vector<DescribedSetting> describe_settings(const TopicConfig& effective, const TopicSettings& settings) {
  std::vector<DescribedSetting> described;
  const auto add = [&](std::string_view key, std::string value) {
    std::string name(key);
    const bool is_default = !settings.contains(name);
    described.push_back({std::move(name), std::move(value), is_default});
  };
  for (const NumberSetting& setting : kNumberSettings) add(setting.key, std::to_string(effective.*(setting.member)));
  add(kDurabilityKey, effective.durability == Durability::os ? "os" : "durable");
  return described;
}

Result<void> check_topic_name(std::string_view name) {
  const auto refuse = [&](const char* rule) {
    return Error(Errc::invalid_topic_name, "'" + std::string(name.substr(0, kTopicNameBytesMax)) + "' " + rule);
  };
  if (name.empty() || name.size() > kTopicNameBytesMax) return refuse("is not 1 to 249 characters long");
  if (name == "." || name == "..") return refuse("means a directory");
  if (name.starts_with("__")) return refuse("begins with '__', which is kept for the broker");
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (!std::ranges::all_of(name, legal)) return refuse("holds a character other than A-Z a-z 0-9 . _ -");
  return ok();
}

}  // namespace leat::storage
