#include "client/src/batch_decoder.hpp"

#include <gtest/gtest.h>

#include "protocol/base/endian.hpp"
#include "protocol/record/batch_builder.hpp"
#include "protocol/record/format.hpp"

namespace leat::client {
namespace {

constexpr int kRecords = 3;  ///< a batch

std::vector<std::byte> batch_at(std::int64_t offset) {
  record::BatchBuilder builder({Codec::none, std::size_t{1} << 20});
  for (int i = 0; i < kRecords; ++i) builder.append(1, std::nullopt, as_bytes("value"));
  auto batch = builder.finish({}).value();
  store_be(batch.data() + record::field::kBaseOffset, offset);
  return batch;
}

class BatchDecoderTest : public ::testing::Test {
 protected:
  /// A delivery of batches at these offsets.
  static Chunk chunk(const std::vector<std::int64_t>& offsets, std::int64_t next_offset) {
    std::vector<std::byte> bytes;
    for (const std::int64_t offset : offsets) {
      const auto batch = batch_at(offset);
      bytes.insert(bytes.end(), batch.begin(), batch.end());
    }
    return {SharedBytes(std::move(bytes)), Offset(next_offset), Offset(100)};
  }
  /// What comes of it until its end: the offsets of the records, and -1 for what could not be read.
  std::vector<std::int64_t> read(Chunk chunk, std::int64_t from) {
    std::vector<std::int64_t> offsets;
    Offset position(from);
    while (!chunk.bytes.empty()) {
      const auto decoded = decoder_->decode("t", PartitionId(0), chunk, position);
      if (decoded.unreadable) offsets.push_back(-1);
      if (decoded.content) {
        for (const auto& record : decoded.content->records) offsets.push_back(record.offset.value());
      }
      chunk.bytes = chunk.bytes.slice(decoded.consumed_bytes, chunk.bytes.size() - decoded.consumed_bytes);
      position = decoded.next_offset;
    }
    EXPECT_EQ(position, chunk.next_offset);
    return offsets;
  }

  std::shared_ptr<BatchDecoder> decoder_ = std::make_shared<BatchDecoder>(record::DecompressLimits{});
};

using Offsets = std::vector<std::int64_t>;

TEST_F(BatchDecoderTest, RecordsComeFromTheOffsetAskedFor) {
  EXPECT_EQ(read(chunk({10, 13}, 16), 11), (Offsets{11, 12, 13, 14, 15}));
}

TEST_F(BatchDecoderTest, AnOffsetThatIsTooHighIsUnreadableAndTheNextBatchIsNot) {
  EXPECT_EQ(read(chunk({10, 13'000, 16}, 19), 10), (Offsets{10, 11, 12, -1, 16, 17, 18}));
  EXPECT_EQ(read(chunk({10'000, 13}, 16), 10), (Offsets{-1, 13, 14, 15}));
}

TEST_F(BatchDecoderTest, AnOffsetThatIsTooLowIsUnreadableAndTheNextBatchIsNot) {
  EXPECT_EQ(read(chunk({10, 2, 16}, 19), 10), (Offsets{10, 11, 12, -1, 16, 17, 18}));
  EXPECT_EQ(read(chunk({2, 13}, 16), 10), (Offsets{-1, 13, 14, 15}));
}

TEST_F(BatchDecoderTest, TheLastBatchEndsWhereTheDeliveryDoes) {
  EXPECT_EQ(read(chunk({10, 14}, 16), 10), (Offsets{10, 11, 12, -1}));
  EXPECT_EQ(read(chunk({9}, 13), 10), (Offsets{-1}));
}

}  // namespace
}  // namespace leat::client
