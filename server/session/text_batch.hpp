#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/record/batch_reader.hpp"
#include "server/net/byte_budget.hpp"

namespace leat::server {

/// What a text transport makes of a record.
enum class TextForm : std::uint8_t {
  json,         ///< the members of append_record_members(), in braces
  cloudevents,  ///< a structured event with its place as extension attributes
};

/// The records of one batch as text, decoded and written once for all who want that form: piece by piece, so that a large batch
/// costs no more than one of them ahead of its slowest reader. One shard.
class TextBatch {
 public:
  struct Record {
    record::RecordView view;
    ByteSpan text;  ///< of the piece's
  };
  struct Piece {
    SharedBytes text;  ///< the records', with a comma between two
    std::vector<Record> records;
  };

  /// Keeps a copy of `batch`, which may be lent. `share`: of the memory for what waits to be sent; it is made to fit. Errors:
  /// invalid_batch and batch_too_large for what cannot be read.
  static Result<std::shared_ptr<TextBatch>> open(ByteSpan batch, std::string topic, PartitionId partition, TextForm form,
                                                 ByteBudget::Share share);

  /// Null behind the last one. An error where the batch cannot be read any further.
  Result<const Piece*> piece(std::size_t index);
  [[nodiscard]] Offset next_offset() const { return next_offset_; }
  [[nodiscard]] std::size_t memory_bytes() const { return share_.bytes(); }

 private:
  TextBatch(std::string topic, PartitionId partition, TextForm form, ByteBudget::Share share)
      : topic_(std::move(topic)), partition_(partition), form_(form), share_(std::move(share)) {}
  void append(std::string& out, const record::RecordView& record) const;
  Result<void> make_piece();

  const std::string topic_;
  const PartitionId partition_;
  const TextForm form_;
  ByteBudget::Share share_;
  std::vector<std::byte> batch_;
  std::optional<record::BatchReader> reader_;
  Offset next_offset_;
  bool at_end_ = false;
  std::vector<std::unique_ptr<Piece>> pieces_;
};

/// The batches that a shard's text sessions were last sent: each finds there what another has decoded. One shard.
class TextBatches {
 public:
  explicit TextBatches(std::shared_ptr<ByteBudget> sending) : sending_(std::move(sending)) {}

  Result<std::shared_ptr<TextBatch>> get(LogId log, ByteSpan batch, const std::string& topic, PartitionId partition,
                                         TextForm form);

 private:
  struct Entry {
    LogId log;
    Offset base;
    TextForm form;
    std::shared_ptr<TextBatch> batch;
  };

  const std::shared_ptr<ByteBudget> sending_;
  std::vector<Entry> entries_;  ///< the newest last
};

}  // namespace leat::server
