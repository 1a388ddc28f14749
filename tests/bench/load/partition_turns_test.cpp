#include "bench/load/partition_turns.hpp"

#include <gtest/gtest.h>

namespace leat::load {
namespace {

TEST(PartitionTurns, SpreadRecordsGoToEachInTurn) {
  PartitionTurns turns(3, true);
  for (const std::size_t partition : {0U, 1U, 2U, 0U, 1U}) EXPECT_EQ(turns.next(100), partition);
}

TEST(PartitionTurns, OthersStayForABatch) {
  PartitionTurns turns(2, false);
  std::size_t stays = 0;
  while (turns.next(1024) == 0) ++stays;
  EXPECT_EQ(stays, 241U);
  for (std::size_t i = 1; i < stays; ++i) EXPECT_EQ(turns.next(1024), 1U) << i;
  EXPECT_EQ(turns.next(1024), 0U);
}

TEST(PartitionTurns, OneIsAlwaysTheSame) {
  PartitionTurns turns(1, true);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(turns.next(100), 0U);
}

}  // namespace
}  // namespace leat::load
