#include "server/metrics/histogram.hpp"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

constexpr std::array<std::uint64_t, 3> kBounds{10, 20, 50};
using Buckets = std::vector<std::uint64_t>;

TEST(Histogram, AValueIsInTheFirstBucketThatIsNotBelowIt) {
  Histogram histogram(kBounds);
  for (const std::uint64_t value : std::vector<std::uint64_t>{0, 10, 11, 20, 50, 51}) histogram.observe(value);
  EXPECT_EQ(histogram.counts().in_bucket, (Buckets{2, 2, 1, 1}));
}

TEST(Histogram, KnowsSumAndCount) {
  Histogram histogram(kBounds);
  for (const std::uint64_t value : std::vector<std::uint64_t>{5, 15, 1000}) histogram.observe(value);
  EXPECT_EQ(histogram.counts().count(), 3U);
  EXPECT_EQ(histogram.counts().sum, 1020U);
}

TEST(Histogram, ThoseOfSeveralThreadsAddUp) {
  Histogram one(kBounds);
  Histogram other(kBounds);
  one.observe(1);
  other.observe(2);
  other.observe(100);
  HistogramCounts sum = one.counts();
  sum += other.counts();
  EXPECT_EQ(sum.in_bucket, (Buckets{2, 0, 0, 1}));
  EXPECT_EQ(sum.sum, 103U);
}

}  // namespace
}  // namespace leat::server
