#include "server/metrics/shard_metrics.hpp"

#include <algorithm>

namespace leat::server {
namespace {

constexpr std::uint64_t kUs = 1'000;
constexpr std::uint64_t kMs = 1'000 * kUs;
constexpr std::uint64_t kS = 1'000 * kMs;
constexpr std::array<std::uint64_t, 18> kAckBoundsNs{10 * kUs,  25 * kUs,   50 * kUs,  100 * kUs, 250 * kUs, 500 * kUs,
                                                     1 * kMs,   2500 * kUs, 5 * kMs,   10 * kMs,  25 * kMs,  50 * kMs,
                                                     100 * kMs, 250 * kMs,  500 * kMs, 1 * kS,    5 * kS,    30 * kS};
/// Timestamps are in milliseconds.
constexpr std::array<std::uint64_t, 15> kEndToEndBoundsMs{1,   2,    5,    10,   20,     50,     100,      200,
                                                          500, 1000, 2000, 5000, 10'000, 60'000, 3'600'000};

}  // namespace

ShardMetrics::ShardMetrics()
    : ack_latency{Histogram(kAckBoundsNs), Histogram(kAckBoundsNs), Histogram(kAckBoundsNs)},
      end_to_end_latency{Histogram(kEndToEndBoundsMs), Histogram(kEndToEndBoundsMs), Histogram(kEndToEndBoundsMs),
                         Histogram(kEndToEndBoundsMs), Histogram(kEndToEndBoundsMs), Histogram(kEndToEndBoundsMs)} {}

void ShardMetrics::observe_ack(native::AckLevel wanted, SteadyTime received, SteadyTime now) {
  const auto waited = std::chrono::duration_cast<std::chrono::nanoseconds>(now - received).count();
  ack_latency[static_cast<std::size_t>(wanted)].observe(static_cast<std::uint64_t>(std::max<std::int64_t>(waited, 0)));
}

void ShardMetrics::observe_delivery(Transport transport, TimestampMs made_ms, TimestampMs now_ms) {
  end_to_end_latency[index_of(transport)].observe(static_cast<std::uint64_t>(std::max<TimestampMs>(now_ms - made_ms, 0)));
}

}  // namespace leat::server
