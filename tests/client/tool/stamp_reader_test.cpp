#include "client/tool/stamp_reader.hpp"

#include <gtest/gtest.h>

#include "client/tool/stamp.hpp"
#include "protocol/record/batch_builder.hpp"

namespace leat::tool {
namespace {

constexpr std::uint64_t kRun = 7;

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

TEST(StampReader, TakesTheRunsRecordsAndCountsThoseThatAreMeasured) {
  StampReader reader(kRun);
  const auto batch = batch_of({{1000, kRun}, {0, kRun}, {1000, kRun + 1}});
  const auto stamps = reader.read(batch);
  ASSERT_TRUE(stamps.has_value());
  EXPECT_EQ((*stamps)->intended_ns, (std::vector<std::int64_t>{1000, 0}));
  EXPECT_EQ((*stamps)->measured, 1U);
  EXPECT_EQ((*stamps)->size_bytes, 100U);
}

TEST(StampReader, ReadsOneBatchAfterTheOther) {
  StampReader reader(kRun);
  EXPECT_EQ((*reader.read(batch_of({{1, kRun}, {2, kRun}}, 5)))->intended_ns, (std::vector<std::int64_t>{1, 2}));
  const auto second = reader.read(batch_of({{3, kRun}}, 7));
  EXPECT_EQ((*second)->intended_ns, std::vector<std::int64_t>{3});
  EXPECT_EQ((*second)->measured, 1U);
  EXPECT_EQ((*second)->size_bytes, 100U);
}

TEST(StampReader, RefusesWhatIsNoBatch) {
  StampReader reader(kRun);
  EXPECT_TRUE(reader.read(as_bytes("no batch")).has_error());
}

}  // namespace
}  // namespace leat::tool
