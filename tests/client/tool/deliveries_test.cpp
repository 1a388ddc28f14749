#include "client/tool/deliveries.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

Result<Delivery> delivered(std::int32_t partition, std::int64_t offset, AckLevel level = AckLevel::durable) {
  return Delivery{.partition = PartitionId(partition), .offset = Offset(offset), .level = level};
}

TEST(Deliveries, KeepTheOffsetsOfEachPartition) {
  Deliveries deliveries;
  for (const auto& [partition, offset] : {std::pair{0, 100}, {0, 101}, {2, 7}, {0, 102}, {2, 8}}) {
    deliveries.add(delivered(partition, offset));
  }
  EXPECT_EQ(deliveries.acknowledged(), 5U);
  ASSERT_EQ(deliveries.partitions().size(), 2U);
  EXPECT_EQ(deliveries.partitions().at(PartitionId(0)).records, 3U);
  EXPECT_EQ(deliveries.partitions().at(PartitionId(0)).first, Offset(100));
  EXPECT_EQ(deliveries.partitions().at(PartitionId(0)).last, Offset(102));
  EXPECT_EQ(deliveries.partitions().at(PartitionId(2)).first, Offset(7));
}

TEST(Deliveries, TheLevelIsTheLowestReached) {
  Deliveries deliveries;
  EXPECT_EQ(deliveries.level(), std::nullopt);
  deliveries.add(delivered(0, 0, AckLevel::durable));
  EXPECT_EQ(deliveries.level(), AckLevel::durable);
  deliveries.add(delivered(0, 1, AckLevel::written));
  deliveries.add(delivered(0, 2, AckLevel::durable));
  EXPECT_EQ(deliveries.level(), AckLevel::written);
}

TEST(Deliveries, RememberTheFirstError) {
  Deliveries deliveries;
  deliveries.add(Error(Errc::batch_too_large, "first"));
  deliveries.add(Error(Errc::closed, "second"));
  EXPECT_TRUE(deliveries.has_failure());
  EXPECT_EQ(deliveries.first_error()->context, "first");
  EXPECT_EQ(deliveries.acknowledged(), 0U);
}

}  // namespace
}  // namespace leat::tool
