#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "protocol/native/messages.hpp"

namespace leat::server {

/// How far subscribers are behind, gathered from those who have some.
struct LagReport {
  std::unordered_map<TopicId, std::int64_t> records_of_slowest;
  std::size_t subscriptions = 0;  ///< each to one partition

  void note(const TopicId& topic, Offset next, Offset high_watermark) {
    ++subscriptions;
    raise(topic, std::max<std::int64_t>(high_watermark.value() - next.value(), 0));
  }
  void add(const LagReport& other) {
    subscriptions += other.subscriptions;
    for (const auto& [topic, records] : other.records_of_slowest) raise(topic, records);
  }

 private:
  void raise(const TopicId& topic, std::int64_t records) {
    std::int64_t& slowest = records_of_slowest[topic];
    slowest = std::max(slowest, records);
  }
};

/// Whoever has subscribers; on the shard that it told of itself.
class LagSource {
 public:
  virtual ~LagSource() = default;
  virtual void report_lag(LagReport& report) const = 0;
};

}  // namespace leat::server
