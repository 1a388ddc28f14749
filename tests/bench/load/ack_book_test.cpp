#include "bench/load/ack_book.hpp"

#include <gtest/gtest.h>

namespace leat::load {
namespace {

Time at(int ms) { return Time(std::chrono::milliseconds(ms)); }

TEST(AckBook, NumbersRecordsAndKnowsWhenEachWasMeantToBeSent) {
  AckBook book;
  EXPECT_EQ(book.add(at(10)), 0U);
  EXPECT_EQ(book.add(at(20)), 1U);
  EXPECT_EQ(book.acknowledge(0), at(10));
  EXPECT_EQ(book.acknowledge(1), at(20));
}

TEST(AckBook, TakesAcknowledgementsInAnyOrder) {
  AckBook book;
  for (int i = 0; i < 4; ++i) book.add(at(i));
  EXPECT_EQ(book.acknowledge(2), at(2));
  EXPECT_EQ(book.oldest(), 0U);
  EXPECT_EQ(book.acknowledge(0), at(0));
  EXPECT_EQ(book.oldest(), 1U);
  EXPECT_EQ(book.acknowledge(1), at(1));
  EXPECT_EQ(book.oldest(), 3U);
  EXPECT_EQ(book.acknowledge(3), at(3));
}

TEST(AckBook, RefusesWhatIsAcknowledgedTwiceOrWasNeverSent) {
  AckBook book;
  book.add(at(0));
  book.add(at(1));
  EXPECT_TRUE(book.acknowledge(1));
  EXPECT_FALSE(book.acknowledge(1));
  EXPECT_TRUE(book.acknowledge(0));
  EXPECT_FALSE(book.acknowledge(0));
  EXPECT_FALSE(book.acknowledge(2));
}

}  // namespace
}  // namespace leat::load
