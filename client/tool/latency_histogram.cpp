#include "client/tool/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace leat::tool {

// Buckets 0..2047 hold the values 0..2047. Then come blocks of 1024: block n (from 1) holds the values with n more bits, which
// keep their upper 11 bits and share a bucket by the n lower ones.
std::size_t LatencyHistogram::bucket_of(std::uint64_t value) {
  const auto bits = static_cast<unsigned>(std::bit_width(value));
  if (bits <= kExactBits) return static_cast<std::size_t>(value);
  const unsigned shift = bits - kExactBits;
  return shift * kHalf + static_cast<std::size_t>(value >> shift);
}

std::uint64_t LatencyHistogram::highest_in(std::size_t bucket) {
  if (bucket < 2 * kHalf) return bucket;
  const auto shift = bucket / kHalf - 1;
  const auto upper = bucket - shift * kHalf;
  return ((std::uint64_t{upper} + 1) << shift) - 1;
}

void LatencyHistogram::record(std::uint64_t value) {
  value = std::min(value, kValueMax);
  ++counts_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t LatencyHistogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  // 99.9 % of 1000 is 999.0000000000001 in floating point, which must not become the 1000th.
  constexpr double kRounding = 1 - 1e-12;
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0 * kRounding;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(highest_in(i), max_);
  }
  return max_;
}

}  // namespace leat::tool
