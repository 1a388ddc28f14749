#include "server/metrics/text_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace leat::server {
namespace {

TEST(MetricsText, AFamilyHasHelpAndTypeAndThenItsSamples) {
  MetricsText text;
  text.counter("leat_a_total", "Things.");
  text.sample({{"topic", "orders"}, {"transport", "http"}}, std::uint64_t{18'446'744'073'709'551'615U});
  text.sample({}, std::uint64_t{1});
  EXPECT_EQ(text.take(),
            "# HELP leat_a_total Things.\n"
            "# TYPE leat_a_total counter\n"
            "leat_a_total{topic=\"orders\",transport=\"http\"} 18446744073709551615\n"
            "leat_a_total 1\n");
}

TEST(MetricsText, EscapesWhatWouldEndALabelOrALine) {
  MetricsText text;
  text.gauge("g", "a\\b\n\"c\"");
  text.sample({{"l", "a\\b\n\"c\""}}, std::int64_t{-1});
  EXPECT_EQ(text.take(),
            "# HELP g a\\\\b\\n\"c\"\n"
            "# TYPE g gauge\n"
            "g{l=\"a\\\\b\\n\\\"c\\\"\"} -1\n");
}

TEST(MetricsText, NumbersReadBackAsTheyWere) {
  MetricsText text;
  text.gauge("g", "h");
  for (const double value : {0.1, 1e-9, 1e300, std::numeric_limits<double>::infinity()}) text.sample({}, value);
  EXPECT_EQ(text.take(), "# HELP g h\n# TYPE g gauge\ng 0.1\ng 1e-09\ng 1e+300\ng +Inf\n");
}

TEST(MetricsText, BucketsOfAHistogramAddUpInTheFamilysUnit) {
  static constexpr std::array<std::uint64_t, 2> kBoundsNs{250'000, 2'500'000};
  Histogram histogram(kBoundsNs);
  for (const std::uint64_t value : std::vector<std::uint64_t>{200'000, 300'000, 3'000'000}) histogram.observe(value);
  MetricsText text;
  text.histogram("h_seconds", "h");
  text.sample({{"ack", "durable"}}, histogram.counts(), 1e9);
  EXPECT_EQ(text.take(),
            "# HELP h_seconds h\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{ack=\"durable\",le=\"0.00025\"} 1\n"
            "h_seconds_bucket{ack=\"durable\",le=\"0.0025\"} 2\n"
            "h_seconds_bucket{ack=\"durable\",le=\"+Inf\"} 3\n"
            "h_seconds_sum{ack=\"durable\"} 0.0035\n"
            "h_seconds_count{ack=\"durable\"} 3\n");
}

}  // namespace
}  // namespace leat::server
