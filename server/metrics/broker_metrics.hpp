#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/broker/broker.hpp"
#include "server/metrics/lag.hpp"
#include "server/net/byte_budget.hpp"

namespace leat::server {

/// What is measured. Outlives those who ask.
struct MetricsSources {
  Broker& broker;
  std::shared_ptr<const ByteBudget> receiving;
  std::shared_ptr<const ByteBudget> sending;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point started_steady = std::chrono::steady_clock::now();
};

/// Of more topics than these, in the order of their names, nothing is told but how many they are.
inline constexpr std::size_t kTopicsMeasuredMax = 1000;

/// Everything there is to tell, as METRICS.md describes it, in Prometheus' text format. Any thread but a shard's: it asks the
/// disk for its free space.
std::string write_metrics(const MetricsSources& sources, const LagReport& lag, std::size_t topics_max = kTopicsMeasuredMax);

}  // namespace leat::server
