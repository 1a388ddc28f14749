#include "client/tool/text_table.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

TEST(TextTable, LinesColumnsUp) {
  TextTable table({{"NAME"}, {"RECORDS", TextTable::Align::right}, {"NOTE"}});
  table.add_row({"orders", "7", "x"});
  table.add_row({"a", "1,234,567", ""});
  std::string out;
  table.append(out);
  EXPECT_EQ(out,
            "NAME      RECORDS  NOTE\n"
            "orders          7  x\n"
            "a       1,234,567\n");
}

TEST(GroupedNumber, HasACommaEveryThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(123'456), "123,456");
  EXPECT_EQ(grouped(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(ReadableBytes, TakeTheLargestUnitThatFits) {
  EXPECT_EQ(readable_bytes(0), "0 B");
  EXPECT_EQ(readable_bytes(999), "999 B");
  EXPECT_EQ(readable_bytes(1000), "1.0 kB");
  EXPECT_EQ(readable_bytes(999'949), "999.9 kB");
  EXPECT_EQ(readable_bytes(999'950), "1.0 MB");
  EXPECT_EQ(readable_bytes(1'234'567), "1.2 MB");
  EXPECT_EQ(readable_bytes(UINT64_MAX), "18.4 EB");
}

TEST(Counted, HasAnSForAllNumbersButOne) {
  EXPECT_EQ(counted(0, "record"), "0 records");
  EXPECT_EQ(counted(1, "record"), "1 record");
  EXPECT_EQ(counted(1'234, "record"), "1,234 records");
}

}  // namespace
}  // namespace leat::tool
