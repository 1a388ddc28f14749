#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/native/messages.hpp"
#include "protocol/record/format.hpp"
#include "protocol/record/record_view.hpp"

namespace leat {

using native::AckLevel;
using record::Codec;
using record::HeaderView;
using record::RecordView;

/// A record on its way to the broker. It owns nothing: the producer copies what it shows, so that the bytes are the caller's
/// again when the call returns.
struct OutgoingRecord {
  std::optional<ByteSpan> key;    ///< records of one key go to one partition, in order
  std::optional<ByteSpan> value;  ///< null is a tombstone on a compacted topic
  std::span<const HeaderView> headers;
  std::optional<TimestampMs> timestamp;  ///< milliseconds since 1970; the time of the call when not given
  std::optional<PartitionId> partition;  ///< chosen by the key when not given, and by the producer when there is no key either

  static OutgoingRecord text(std::string_view value) { return {.value = as_bytes(value)}; }
  static OutgoingRecord text(std::string_view key, std::string_view value) {
    return {.key = as_bytes(key), .value = as_bytes(value)};
  }
};

/// Consecutive records of one partition as they were received: iterate it, `for (const RecordView& record : batch)`. It owns the
/// bytes, so its views are valid as long as it (or a copy: copying shares) is. Every record has been checked when the batch is
/// handed out, so that walking it cannot fail. Immutable; any thread. Keep what you need of a record rather than the batch: the
/// batch holds on to the network buffer it arrived in.
class RecordBatch {
 public:
  struct Content {
    std::string topic;
    PartitionId partition;
    Offset high_watermark;
    Offset next_offset;
    std::vector<RecordView> records;
    SharedBytes bytes;                                 ///< what the records of uncompressed batches point into
    std::vector<std::vector<std::byte>> decompressed;  ///< and those of compressed ones
  };

  explicit RecordBatch(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

  [[nodiscard]] const std::string& topic() const { return content_->topic; }
  [[nodiscard]] PartitionId partition() const { return content_->partition; }
  /// The end of the partition when this was sent: the consumer had caught up when next_offset() has reached it.
  [[nodiscard]] Offset high_watermark() const { return content_->high_watermark; }
  /// Where to go on after this batch, and what to remember for after a restart; beyond the last record's offset plus one where
  /// records are missing (compaction).
  [[nodiscard]] Offset next_offset() const { return content_->next_offset; }

  [[nodiscard]] std::span<const RecordView> records() const { return content_->records; }
  [[nodiscard]] auto begin() const { return content_->records.begin(); }
  [[nodiscard]] auto end() const { return content_->records.end(); }
  [[nodiscard]] std::size_t size() const { return content_->records.size(); }
  [[nodiscard]] bool empty() const { return content_->records.empty(); }
  const RecordView& operator[](std::size_t i) const { return content_->records[i]; }

 private:
  std::shared_ptr<const Content> content_;
};

}  // namespace leat
