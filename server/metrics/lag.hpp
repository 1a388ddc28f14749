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
  struct OfClient {
    std::size_t subscriptions = 0;
    std::int64_t records = 0;  ///< over all of them
  };
  std::unordered_map<std::uint64_t, OfClient> clients;  ///< by the id in the list of clients

  void note(std::uint64_t client, const TopicId& topic, Offset next, Offset high_watermark) {
    const std::int64_t records = std::max<std::int64_t>(high_watermark.value() - next.value(), 0);
    ++subscriptions;
    raise(topic, records);
    OfClient& of_client = clients[client];
    ++of_client.subscriptions;
    of_client.records += records;
  }
  void add(const LagReport& other) {
    subscriptions += other.subscriptions;
    // A client's subscriptions are all on its shard.
    clients.insert(other.clients.begin(), other.clients.end());
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
