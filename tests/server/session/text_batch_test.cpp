#include "server/session/text_batch.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "server/support/batches.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;

class TextBatchTest : public ::testing::Test {
 protected:
  std::shared_ptr<TextBatch> get(const std::vector<std::byte>& batch, std::uint64_t log = 1, TextForm form = TextForm::json) {
    return batches_->get(LogId(log), batch, "orders", PartitionId(3), form).value();
  }
  static std::string text_of(TextBatch& batch) {
    std::string text;
    for (std::size_t i = 0; const auto* piece = batch.piece(i).value(); ++i) {
      for (const TextBatch::Record& record : piece->records) text.append(as_text(record.text)).append("\n");
    }
    return text;
  }

  const std::shared_ptr<ByteBudget> sending_ = std::make_shared<ByteBudget>(64U << 20);
  std::unique_ptr<TextBatches> batches_ = std::make_unique<TextBatches>(sending_);
};

TEST_F(TextBatchTest, RecordsAreTheirMembersInBraces) {
  EXPECT_EQ(text_of(*get(batch_of({"a", "b"}))), R"({"offset":0,"timestamp":1700000000000,"key":null,"value":"a","headers":[]})"
                                                 "\n"
                                                 R"({"offset":1,"timestamp":1700000000001,"key":null,"value":"b","headers":[]})"
                                                 "\n");
}

TEST_F(TextBatchTest, RecordsAreEventsWithTheirPlace) {
  const json::value event = json::parse(text_of(*get(batch_of({"a"}), 1, TextForm::cloudevents)));
  EXPECT_EQ(event.at("specversion").as_string(), "1.0");
  EXPECT_EQ(event.at("leatoffset").as_string(), "0");
  EXPECT_EQ(event.at("leatpartition").to_number<int>(), 3);
}

TEST_F(TextBatchTest, WhoComesLaterFindsWhatWasDecoded) {
  const auto batch = batch_of({"a", "b"});
  const auto first = get(batch);
  const std::byte* const written = first->piece(0).value()->text.span().data();
  const auto second = get(batch);
  EXPECT_EQ(first, second);
  EXPECT_EQ(second->piece(0).value()->text.span().data(), written) << "written once";
}

TEST_F(TextBatchTest, EachFormAndEachLogHasItsOwn) {
  const auto batch = batch_of({"a"});
  const auto as_json = get(batch);
  EXPECT_NE(get(batch, 1, TextForm::cloudevents), as_json);
  EXPECT_NE(get(batch, 2), as_json);
  EXPECT_EQ(get(batch), as_json);
}

TEST_F(TextBatchTest, APiecesTextIsItsRecordsWithCommasBetween) {
  const auto batch = get(batch_of({"a", "b", "c"}));
  const TextBatch::Piece& piece = *batch->piece(0).value();
  EXPECT_EQ(json::parse("[" + std::string(as_text(piece.text.span())) + "]").as_array().size(), 3U);
  EXPECT_EQ(piece.records[1].text.data(), piece.records[0].text.data() + piece.records[0].text.size() + 1);
  EXPECT_EQ(json::parse(as_text(piece.records[2].text)).at("value").as_string(), "c");
}

TEST_F(TextBatchTest, ARecordsTextOutlivesTheBatch) {
  auto batch = get(batch_of({"a"}));
  const SharedBytes text = batch->piece(0).value()->text;
  batch.reset();
  batches_.reset();
  EXPECT_EQ(json::parse(as_text(text.span())).at("value").as_string(), "a");
}

TEST_F(TextBatchTest, ALargeBatchIsWrittenPieceByPiece) {
  const std::vector<std::string> values(100, std::string(10'000, 'x'));
  const auto batch = get(batch_of(values));
  const std::size_t unwritten = batch->memory_bytes();
  ASSERT_NE(batch->piece(0).value(), nullptr);
  EXPECT_LT(batch->piece(0).value()->records.size(), values.size());
  const std::size_t one_piece = batch->memory_bytes();
  EXPECT_GT(one_piece, unwritten);
  text_of(*batch);
  EXPECT_GT(batch->memory_bytes(), unwritten + 1'000'000);
  EXPECT_EQ(sending_->used_bytes(), batch->memory_bytes()) << "counted as what waits to be sent";
}

TEST_F(TextBatchTest, PiecesTogetherAreAllRecordsInTheirOrder) {
  std::vector<std::string> values;
  for (int i = 0; i < 500; ++i) values.push_back(std::to_string(i) + std::string(1000, 'x'));
  const auto batch = get(batch_of(values));
  std::int64_t expected = 0;
  for (std::size_t i = 0; const auto* piece = batch->piece(i).value(); ++i) {
    for (const TextBatch::Record& record : piece->records) EXPECT_EQ(record.view.offset, Offset(expected++));
  }
  EXPECT_EQ(expected, 500);
  EXPECT_EQ(batch->next_offset(), Offset(500));
}

TEST_F(TextBatchTest, WhatNobodyNeedsAnyMoreGivesItsMemoryBack) {
  get(batch_of({"a"}));
  EXPECT_GT(sending_->used_bytes(), 0U) << "kept for those whose turn comes next";
  batches_.reset();
  EXPECT_EQ(sending_->used_bytes(), 0U);
}

TEST_F(TextBatchTest, OnlyTheLastBatchesAreKept) {
  const auto batch = batch_of({"a"});
  const auto oldest = get(batch, 0);
  for (std::uint64_t log = 1; log < 64; ++log) get(batch, log);
  EXPECT_EQ(get(batch, 0), oldest);
  get(batch, 64);
  EXPECT_NE(get(batch, 0), oldest);
}

TEST_F(TextBatchTest, LargeBatchesMakeEachOtherGo) {
  const auto large = large_batch(1'500'000);
  const auto oldest = get(large, 1);
  const auto newest = get(large, 2);
  EXPECT_EQ(get(large, 2), newest);
  EXPECT_NE(get(large, 1), oldest);
}

TEST_F(TextBatchTest, CompressedBatchesAreReadToo) {
  const auto batch = batch_of({"a", "b"}, {}, 1'700'000'000'000, record::Codec::gzip);
  EXPECT_EQ(text_of(*get(batch)), text_of(*get(batch_of({"a", "b"}), 2)));
}

TEST_F(TextBatchTest, WhatCannotBeReadIsAnErrorAndIsNotKept) {
  // A kilobyte that becomes 20 MB.
  const auto bomb = batch_of({std::string(20U << 20, 'x')}, {}, 1'700'000'000'000, record::Codec::gzip);
  EXPECT_TRUE(batches_->get(LogId(1), bomb, "orders", PartitionId(0), TextForm::json).has_error());
  EXPECT_TRUE(batches_->get(LogId(1), ByteSpan(bomb).first(20), "orders", PartitionId(0), TextForm::json).has_error());
  EXPECT_EQ(sending_->used_bytes(), 0U);
}

}  // namespace
}  // namespace leat::server
