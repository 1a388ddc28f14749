#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "client/src/backoff.hpp"
#include "leat/producer.hpp"
#include "protocol/record/in_flight_limit.hpp"

namespace leat::client {

/// Numbers out of range brought within it.
inline ProducerOptions within_limits(ProducerOptions options) {
  options.in_flight_batches_max = std::clamp(options.in_flight_batches_max, 1, record::kInFlightBatchesMax);
  options.batch_bytes_max = std::max<std::size_t>(options.batch_bytes_max, 1);
  options.linger = std::clamp(options.linger, std::chrono::milliseconds(0), kTimeMax);
  options.delivery_timeout = std::clamp(options.delivery_timeout, std::chrono::milliseconds(0), kTimeMax);
  options.topic_refresh_interval = std::clamp(options.topic_refresh_interval, std::chrono::milliseconds(0), kTimeMax);
  return options;
}

}  // namespace leat::client
