#include "protocol/record/murmur2.hpp"

#include <gtest/gtest.h>

namespace leat::record {
namespace {

// The vectors of Kafka's own test of its hash (UtilsTest.testMurmur2).
TEST(Murmur2, HashesAsKafkaDoes) {
  EXPECT_EQ(murmur2(as_bytes("21")), -973932308);
  EXPECT_EQ(murmur2(as_bytes("foobar")), -790332482);
  EXPECT_EQ(murmur2(as_bytes("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(murmur2(as_bytes("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(murmur2(as_bytes("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")), -58897971);
  EXPECT_EQ(murmur2(as_bytes("abc")), 479470107);
}

TEST(Murmur2, APartitionIsThePositiveHashModuloTheirNumber) {
  EXPECT_EQ(partition_for_key(as_bytes("21"), 7), PartitionId((-973932308 & 0x7fffffff) % 7));
  EXPECT_EQ(partition_for_key(as_bytes("abc"), 10), PartitionId(7));
  EXPECT_EQ(partition_for_key({}, 1), PartitionId(0));
}

}  // namespace
}  // namespace leat::record
