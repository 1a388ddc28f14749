#include "protocol/record/batch_iterator.hpp"

#include <gtest/gtest.h>

#include "sample_batches.hpp"

namespace leat::record {
namespace {

class BatchIteration : public ::testing::Test {
 protected:
  BatchIteration() {
    log_ = first_;
    log_.insert(log_.end(), second_.begin(), second_.end());
  }

  const Bytes first_ = build(Codec::none, few_records());
  const Bytes second_ = build(Codec::zstd, few_records());
  Bytes log_;
};

TEST_F(BatchIteration, YieldsEachBatchThenTheEnd) {
  BatchIterator batches(log_);
  EXPECT_EQ(batches.next().value()->size(), first_.size());
  EXPECT_EQ(batches.position(), first_.size());
  EXPECT_EQ(batches.next().value()->data(), log_.data() + first_.size());
  EXPECT_EQ(batches.position(), log_.size());
  EXPECT_FALSE(batches.next()->has_value());
  EXPECT_FALSE(batches.next()->has_value());
}

TEST_F(BatchIteration, NothingIsACleanEnd) { EXPECT_FALSE(BatchIterator({}).next()->has_value()); }

TEST_F(BatchIteration, EveryCutWithinABatchIsATornTail) {
  for (std::size_t length = first_.size() + 1; length < log_.size(); ++length) {
    const Bytes cut(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(length));
    BatchIterator batches(cut);
    ASSERT_TRUE(batches.next().has_value());
    ASSERT_EQ(error_of(batches.next()), Errc::torn_tail) << length;
    ASSERT_EQ(batches.position(), first_.size());
  }
}

TEST_F(BatchIteration, WhatIsNoBatchIsInvalidAndStaysSo) {
  log_[first_.size() + field::kMagic] = std::byte{1};
  BatchIterator batches(log_);
  ASSERT_TRUE(batches.next().has_value());
  EXPECT_EQ(error_of(batches.next()), Errc::invalid_batch);
  EXPECT_EQ(error_of(batches.next()), Errc::invalid_batch);
  EXPECT_EQ(batches.position(), first_.size());
}

TEST_F(BatchIteration, AShortTailThatCannotBeginABatchIsInvalid) {
  EXPECT_EQ(error_of(BatchIterator(Bytes(12)).next()), Errc::invalid_batch);  // a length of zero
  EXPECT_EQ(error_of(BatchIterator(Bytes(11)).next()), Errc::torn_tail);
  Bytes wrong_magic(first_.begin(), first_.begin() + 17);
  wrong_magic[field::kMagic] = std::byte{0};
  EXPECT_EQ(error_of(BatchIterator(wrong_magic).next()), Errc::invalid_batch);
}

}  // namespace
}  // namespace leat::record
