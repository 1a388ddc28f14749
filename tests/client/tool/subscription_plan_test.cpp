#include "client/tool/subscription_plan.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

PartitionPlan plan_of(std::int32_t partition, std::int64_t begin, std::optional<std::int64_t> end) {
  PartitionPlan plan{.topic = "orders", .partition = PartitionId(partition)};
  plan.begin = plan.subscribe_at = Offset(begin);
  if (end) plan.end = Offset(*end);
  return plan;
}

TEST(SubscriptionPlan, WithoutAnEndItIsNeverDone) {
  SubscriptionPlan plan;
  plan.add(plan_of(0, 5, std::nullopt));
  plan.advance(*plan.find("orders", PartitionId(0)), Offset(1'000'000));
  EXPECT_FALSE(plan.done());
}

TEST(SubscriptionPlan, IsDoneWhenEveryPartitionHasSeenItsEnd) {
  SubscriptionPlan plan;
  plan.add(plan_of(0, 0, 10));
  plan.add(plan_of(1, 0, 5));
  plan.advance(*plan.find("orders", PartitionId(0)), Offset(9));
  plan.advance(*plan.find("orders", PartitionId(1)), Offset(5));
  plan.advance(*plan.find("orders", PartitionId(1)), Offset(8));
  EXPECT_FALSE(plan.done());
  plan.advance(*plan.find("orders", PartitionId(0)), Offset(10));
  EXPECT_TRUE(plan.done());
}

TEST(SubscriptionPlan, EmptyRangesAreDoneAtOnce) {
  SubscriptionPlan plan;
  plan.add(plan_of(0, 7, 7));
  plan.add(plan_of(1, 9, 3));
  EXPECT_TRUE(plan.done());
}

TEST(SubscriptionPlan, ARangeWhoseRecordsAreGoneIsDone) {
  auto gone = plan_of(0, 5, 10);
  gone.subscribe_at = Offset(20);
  SubscriptionPlan plan;
  plan.add(gone);
  EXPECT_TRUE(plan.done());
}

TEST(SubscriptionPlan, WantsWhatLiesInTheHalfOpenRange) {
  const auto plan = plan_of(0, 5, 7);
  EXPECT_FALSE(plan.wants(Offset(4)));
  EXPECT_TRUE(plan.wants(Offset(5)));
  EXPECT_TRUE(plan.wants(Offset(6)));
  EXPECT_FALSE(plan.wants(Offset(7)));
}

TEST(SubscriptionPlan, FindsPartitionsInAnyOrder) {
  SubscriptionPlan plan;
  EXPECT_EQ(plan.find("orders", PartitionId(0)), nullptr);
  for (std::int32_t i = 0; i < 4; ++i) plan.add(plan_of(i, 0, std::nullopt));
  for (const std::int32_t i : {2, 2, 0, 3, 1}) EXPECT_EQ(plan.find("orders", PartitionId(i))->partition, PartitionId(i));
  EXPECT_EQ(plan.find("orders", PartitionId(4)), nullptr);
  EXPECT_EQ(plan.find("payments", PartitionId(0)), nullptr);
}

}  // namespace
}  // namespace leat::tool
