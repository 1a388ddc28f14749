#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "server/metrics/counter.hpp"

namespace leat::server {

/// What a histogram held at one moment; those of several threads are added up.
struct HistogramCounts {
  std::span<const std::uint64_t> bounds;
  std::vector<std::uint64_t> in_bucket;  ///< one more than bounds: the last is of what is above them all
  std::uint64_t sum = 0;

  [[nodiscard]] std::uint64_t count() const;
  HistogramCounts& operator+=(const HistogramCounts& other);
};

/// How often values fell into fixed buckets. One thread observes, any thread reads: while it observes, the sum may be ahead of
/// the buckets.
class Histogram {
 public:
  static constexpr std::size_t kBoundsMax = 24;

  /// The largest value of each bucket, ascending; they outlive the histogram.
  explicit Histogram(std::span<const std::uint64_t> bounds);
  void observe(std::uint64_t value);
  [[nodiscard]] HistogramCounts counts() const;

 private:
  const std::span<const std::uint64_t> bounds_;
  std::array<Counter, kBoundsMax + 1> in_bucket_;
  Counter sum_;
};

}  // namespace leat::server
