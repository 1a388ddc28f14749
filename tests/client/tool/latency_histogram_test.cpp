#include "client/tool/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace leat::tool {
namespace {

/// The definition, in whole numbers (thousandths of a percent), for the histogram to be held against.
std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, std::uint64_t percent_thousandths) {
  const auto rank = (sorted.size() * percent_thousandths + 99'999) / 100'000;
  return sorted[std::max<std::size_t>(1, rank) - 1];
}

void expect_three_digits(std::uint64_t reported, std::uint64_t exact) {
  EXPECT_GE(reported, exact);
  EXPECT_LE(reported - exact, exact / 1024) << "exact " << exact;
}

TEST(LatencyHistogram, SmallValuesAreExact) {
  auto histogram = std::make_unique<LatencyHistogram>();
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram->record(value);
  EXPECT_EQ(histogram->percentile(50), 500U);
  EXPECT_EQ(histogram->percentile(99), 990U);
  EXPECT_EQ(histogram->percentile(99.9), 999U);
  EXPECT_EQ(histogram->percentile(100), 1000U);
  EXPECT_EQ(histogram->percentile(0), 1U);
  EXPECT_EQ(histogram->max(), 1000U);
}

TEST(LatencyHistogram, PercentilesAreWithinAThousandthOfTheExactOnes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(13, 2);
  auto histogram = std::make_unique<LatencyHistogram>();
  std::vector<std::uint64_t> values(50'000);
  for (auto& value : values) {
    value = static_cast<std::uint64_t>(latency(random));
    histogram->record(value);
  }
  std::sort(values.begin(), values.end());
  for (const std::uint64_t thousandths : {0U, 1'000U, 10'000U, 50'000U, 90'000U, 99'000U, 99'900U, 99'990U, 100'000U}) {
    expect_three_digits(histogram->percentile(static_cast<double>(thousandths) / 1000), exact_percentile(values, thousandths));
  }
  EXPECT_EQ(histogram->max(), values.back());
}

TEST(LatencyHistogram, EveryPowerOfTwoAndItsNeighboursFallInAFittingBucket) {
  for (unsigned bit = 0; bit < 42; ++bit) {
    for (const std::uint64_t value : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, (std::uint64_t{1} << bit) + 1}) {
      auto histogram = std::make_unique<LatencyHistogram>();
      histogram->record(value);
      histogram->record(LatencyHistogram::kValueMax);
      expect_three_digits(histogram->percentile(50), value);
    }
  }
}

TEST(LatencyHistogram, WhatIsTooLongCountsAsTheLongest) {
  auto histogram = std::make_unique<LatencyHistogram>();
  histogram->record(UINT64_MAX);
  EXPECT_EQ(histogram->max(), LatencyHistogram::kValueMax);
  EXPECT_EQ(histogram->percentile(50), LatencyHistogram::kValueMax);
}

TEST(LatencyHistogram, EmptyReportsZero) {
  const auto histogram = std::make_unique<LatencyHistogram>();
  EXPECT_EQ(histogram->percentile(99), 0U);
  EXPECT_EQ(histogram->max(), 0U);
  EXPECT_EQ(histogram->count(), 0U);
}

TEST(LatencyHistogram, AddedUpIsAsIfRecordedInOne) {
  auto left = std::make_unique<LatencyHistogram>();
  auto right = std::make_unique<LatencyHistogram>();
  for (std::uint64_t value = 1; value <= 100; ++value) (value % 2 == 0 ? left : right)->record(value);
  left->add(*right);
  EXPECT_EQ(left->count(), 100U);
  EXPECT_EQ(left->percentile(50), 50U);
  EXPECT_EQ(left->max(), 100U);
}

}  // namespace
}  // namespace leat::tool
