#include "server/metrics/histogram.hpp"

#include <algorithm>
#include <numeric>

#include "protocol/base/assert.hpp"

namespace leat::server {

std::uint64_t HistogramCounts::count() const { return std::accumulate(in_bucket.begin(), in_bucket.end(), std::uint64_t{0}); }

HistogramCounts& HistogramCounts::operator+=(const HistogramCounts& other) {
  LEAT_ASSERT(in_bucket.size() == other.in_bucket.size());
  std::ranges::transform(in_bucket, other.in_bucket, in_bucket.begin(), std::plus());
  sum += other.sum;
  return *this;
}

Histogram::Histogram(std::span<const std::uint64_t> bounds) : bounds_(bounds) {
  LEAT_ASSERT(bounds.size() <= kBoundsMax && std::ranges::is_sorted(bounds));
}

void Histogram::observe(std::uint64_t value) {
  sum_.add(value);
  in_bucket_[static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin())].add(1);
}

HistogramCounts Histogram::counts() const {
  HistogramCounts counts{bounds_, {}, sum_.value()};
  for (std::size_t i = 0; i <= bounds_.size(); ++i) counts.in_bucket.push_back(in_bucket_[i].value());
  return counts;
}

}  // namespace leat::server
