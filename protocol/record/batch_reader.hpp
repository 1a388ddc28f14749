#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/record/compression.hpp"
#include "protocol/record/format.hpp"
#include "protocol/record/record_view.hpp"

namespace leat::record {

/// Shows the records of one batch, checking each. The batch's bytes must outlive the reader and every view it gave; views of a
/// compressed batch live in the reader's own buffer and end with it. One thread. The checksum is check_crc's.
class BatchReader {
 public:
  /// Decompresses if need be. `batch` is exactly one whole batch; `buffer` is memory to decompress into, for callers that open
  /// many (see take_buffer). Fails with invalid_batch, or batch_too_large when the records are beyond the limits.
  static Result<BatchReader> open(ByteSpan batch, const DecompressLimits& limits, std::vector<std::byte> buffer = {});

  BatchReader(BatchReader&&) noexcept = default;
  BatchReader& operator=(BatchReader&&) noexcept = default;
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;
  ~BatchReader() = default;

  [[nodiscard]] const BatchHeader& header() const { return header_; }

  /// The next record, or nullopt after the last: then the batch held exactly the records it declares. invalid_batch on anything
  /// else, and again on every later call.
  Result<std::optional<RecordView>> next();

  /// All that are left in one go, several times as fast: appended to `into`, less those before `from`. On an error, as next()
  /// gives it, `into` is as it was.
  Result<void> read_all(Offset from, std::vector<RecordView>& into);

  /// Ends the reader and returns its memory for another.
  std::vector<std::byte> take_buffer() && { return std::move(buffer_); }

 private:
  BatchReader(const BatchHeader& header, std::vector<std::byte> buffer) : header_(header), buffer_(std::move(buffer)) {}

  /// Null, or what is wrong with the record at the front of `rest`, which it takes off then.
  const char* take_record(RecordCursor& rest, RecordView& record);
  /// The same for a record without headers and other rarities; false for any other, and for a faulty one.
  bool take_plain_record(RecordCursor& rest, RecordView& record);
  const char* decode(RecordCursor body, RecordView& record);
  [[nodiscard]] TimestampMs timestamp_at(std::int64_t delta) const;
  [[nodiscard]] Error malformed(const char* what) const;

  BatchHeader header_;
  std::vector<std::byte> buffer_;
  RecordCursor rest_;
  std::int32_t records_read_ = 0;
  std::int32_t last_delta_ = -1;
};

}  // namespace leat::record
