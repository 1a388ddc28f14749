#include "client/tool/bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <set>

namespace leat::tool {
namespace {

TEST(BenchResult, IsOneJsonObjectALine) {
  auto result = std::make_unique<BenchResult>();
  result->records = 1000;
  result->size_bytes = 1'024'000;
  result->seconds = 0.5;
  EXPECT_EQ(to_json(*result), "{\"records\":1000,\"seconds\":0.500000,\"records_per_s\":2000.0,\"mb_per_s\":2.048}\n");
}

TEST(BenchResult, OfAFanCountsDeliveries) {
  auto result = std::make_unique<BenchResult>();
  result->records = 100;
  result->seconds = 0.5;
  result->subscribers = 10;
  result->deliveries = 1000;
  const auto object = boost::json::parse(to_json(*result));
  EXPECT_EQ(object.at("subscribers").as_int64(), 10);
  EXPECT_EQ(object.at("deliveries").as_int64(), 1000);
  EXPECT_DOUBLE_EQ(object.at("deliveries_per_s").as_double(), 2000.0);
  EXPECT_DOUBLE_EQ(object.at("records_per_s").as_double(), 200.0);
}

TEST(BenchResult, HasItsLatenciesInMicroseconds) {
  auto result = std::make_unique<BenchResult>();
  result->latency_name = "ack_us";
  for (std::uint64_t i = 1; i <= 1000; ++i) result->latency_ns.record(i * 100);
  const auto latency = boost::json::parse(to_json(*result)).at("ack_us");
  EXPECT_DOUBLE_EQ(latency.at("p50").as_double(), 50.0);
  EXPECT_NEAR(latency.at("p99").as_double(), 99.0, 0.2);
  EXPECT_NEAR(latency.at("p999").as_double(), 99.9, 0.2);
  EXPECT_DOUBLE_EQ(latency.at("max").as_double(), 100.0);
}

TEST(Payloads, HaveTheSizeAskedForAndAreNotZero) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{1024}, std::size_t{1} << 20}) {
    Payloads payloads(size, 1);
    const auto value = payloads.value(12'345);
    EXPECT_EQ(value.size(), size);
    EXPECT_GE(std::set<std::byte>(value.begin(), value.end()).size(), std::min<std::size_t>(size, 50));
  }
}

TEST(Payloads, DoNotRepeatWithinABatch) {
  Payloads payloads(1000, 1);
  const auto first = payloads.value(0);
  for (std::uint64_t i = 1; i < 200; ++i) EXPECT_FALSE(std::ranges::equal(first, payloads.value(i))) << i;
}

}  // namespace
}  // namespace leat::tool
