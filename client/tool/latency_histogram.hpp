#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace leat::tool {

/// Counts latencies in buckets that grow with the value, after Gil Tene's HdrHistogram: a reported value is at most 1/1024 above
/// the recorded one (three significant digits). Recording allocates nothing and costs a few instructions; the object is about 270
/// KB. Values have whatever unit the caller uses (the benches: nanoseconds); those beyond kValueMax count as kValueMax. One
/// thread.
class LatencyHistogram {
 public:
  static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << 42) - 1;  ///< 73 minutes in nanoseconds

  void record(std::uint64_t value);
  /// As if every value of the other had been recorded here.
  void add(const LatencyHistogram& other);

  /// The smallest value that at least `percent` of the recorded ones do not exceed, to three digits; 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t percentile(double percent) const;
  [[nodiscard]] std::uint64_t max() const { return max_; }  ///< exact
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static constexpr unsigned kExactBits = 11;  ///< values below 2^11 have a bucket each
  static constexpr std::size_t kHalf = std::size_t{1} << (kExactBits - 1);
  static constexpr std::size_t kBuckets = (42 - kExactBits + 2) * kHalf;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t highest_in(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace leat::tool
