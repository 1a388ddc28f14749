#include "client/tool/fan_ledger.hpp"

#include <gtest/gtest.h>

#include "client/tool/stamp.hpp"
#include "protocol/record/batch_builder.hpp"

namespace leat::tool {
namespace {

constexpr std::uint64_t kRun = 7;
constexpr PartitionId kPartition(0);

std::vector<std::byte> batch_of(const std::vector<Stamp>& stamps, std::int64_t base = 0) {
  record::BatchBuilder builder{{}};
  for (const Stamp& stamp : stamps) {
    std::vector<std::byte> value(100);
    stamp.write(value);
    EXPECT_TRUE(builder.append(0, std::nullopt, ByteSpan(value), {}));
  }
  auto batch = builder.finish({}).value();
  record::patch_base_offset(batch, Offset(base), 0);
  return batch;
}

TEST(FanLedger, TakesTheRunsRecordsAndCountsThoseThatAreMeasured) {
  FanLedger ledger(kRun);
  const auto batch = batch_of({{1000, kRun}, {0, kRun}, {1000, kRun + 1}});
  const auto entry = ledger.look_up(kPartition, batch);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ((*entry)->intended_ns, (std::vector<std::int64_t>{1000, 0}));
  EXPECT_EQ((*entry)->measured, 1U);
  EXPECT_EQ((*entry)->size_bytes, 100U);
}

TEST(FanLedger, TellsBatchesApartByTheirPlace) {
  FanLedger ledger(kRun);
  EXPECT_EQ((*ledger.look_up(kPartition, batch_of({{1, kRun}}, 5)))->intended_ns.front(), 1);
  EXPECT_EQ((*ledger.look_up(kPartition, batch_of({{2, kRun}}, 6)))->intended_ns.front(), 2);
  EXPECT_EQ((*ledger.look_up(PartitionId(1), batch_of({{3, kRun}}, 5)))->intended_ns.front(), 3);
  EXPECT_EQ((*ledger.look_up(kPartition, batch_of({{1, kRun}}, 5)))->intended_ns.front(), 1);
}

TEST(FanLedger, ForgetsTheOldestAndReadsItAgain) {
  FanLedger ledger(kRun);
  for (std::int64_t base = 0; base < 10'000; ++base) ASSERT_TRUE(ledger.look_up(kPartition, batch_of({{base + 1, kRun}}, base)));
  EXPECT_EQ((*ledger.look_up(kPartition, batch_of({{1, kRun}}, 0)))->intended_ns.front(), 1);
}

TEST(FanLedger, RefusesWhatIsNoBatch) {
  FanLedger ledger(kRun);
  EXPECT_TRUE(ledger.look_up(kPartition, as_bytes("no batch")).has_error());
}

}  // namespace
}  // namespace leat::tool
