#include "protocol/record/batch_reader.hpp"

#include <string>
#include <utility>

namespace leat::record {
namespace {

/// A key or value: a length, -1 for null, and the bytes. False when it runs past the end.
bool take_blob(RecordCursor& cursor, std::optional<ByteSpan>& blob) {
  const auto length = cursor.varint();
  if (!length || *length < -1) return false;
  if (*length == -1) return true;
  blob = cursor.take(static_cast<std::size_t>(*length));
  return blob.has_value();
}

}  // namespace

Result<BatchReader> BatchReader::open(ByteSpan batch, const DecompressLimits& limits, std::vector<std::byte> buffer) {
  LEAT_ASSIGN(const BatchHeader header, parse_batch_header(batch));
  if (header.batch_bytes != batch.size()) {
    return Error(Errc::invalid_batch,
                 "a batch of " + std::to_string(header.batch_bytes) + " bytes in " + std::to_string(batch.size()));
  }
  BatchReader reader(header, std::move(buffer));
  ByteSpan records = batch.subspan(kBatchHeaderBytes);
  // A batch that compaction emptied has no records to compress, whatever its codec.
  if (header.codec() != Codec::none && !records.empty()) {
    reader.buffer_.clear();
    LEAT_TRY(decompress(header.codec(), records, limits, reader.buffer_));
    records = reader.buffer_;
  }
  if (static_cast<std::size_t>(header.record_count) > records.size() / kRecordBytesMin) {
    return Error(Errc::invalid_batch,
                 std::to_string(header.record_count) + " records in " + std::to_string(records.size()) + " bytes");
  }
  reader.rest_ = RecordCursor(records);
  return reader;
}

Result<std::optional<RecordView>> BatchReader::next() {
  if (records_read_ == header_.record_count) {
    if (rest_.remaining() != 0) return malformed("bytes behind the last");
    return std::optional<RecordView>{};
  }
  RecordCursor cursor = rest_;
  const auto length = cursor.varint();
  if (!length || *length < 0) return malformed("length");
  const auto body = cursor.take(static_cast<std::size_t>(*length));
  if (!body) return malformed("it runs past the batch's end");
  std::optional<RecordView> record(std::in_place);
  if (const char* const fault = decode(*body, *record); fault != nullptr) return malformed(fault);
  rest_ = cursor;
  ++records_read_;
  last_delta_ = static_cast<std::int32_t>(record->offset - header_.base_offset);
  return record;
}

const char* BatchReader::decode(ByteSpan body, RecordView& record) const {
  RecordCursor cursor(body);
  if (!cursor.take(1)) return "attributes";  // no bit of them is in use
  const auto timestamp_delta = cursor.varlong();
  if (!timestamp_delta) return "timestamp";
  const auto offset_delta = cursor.varint();
  if (!offset_delta || *offset_delta <= last_delta_ || *offset_delta > header_.last_offset_delta) return "offset";
  if (!take_blob(cursor, record.key)) return "key";
  if (!take_blob(cursor, record.value)) return "value";
  const auto header_count = cursor.varint();
  if (!header_count) return "header count";
  const auto headers = HeaderRange::take(cursor, *header_count);
  if (!headers) return "headers";
  if (cursor.remaining() != 0) return "bytes behind its headers";
  record.offset = header_.base_offset + *offset_delta;
  record.timestamp = timestamp_at(*timestamp_delta);
  record.headers = *headers;
  return nullptr;
}

TimestampMs BatchReader::timestamp_at(std::int64_t delta) const {
  if (header_.uses_log_append_time()) return header_.max_timestamp;
  return static_cast<TimestampMs>(static_cast<std::uint64_t>(header_.base_timestamp) + static_cast<std::uint64_t>(delta));
}

Error BatchReader::malformed(const char* what) const {
  return Error(Errc::invalid_batch, "record " + std::to_string(records_read_) + ": " + what);
}

}  // namespace leat::record
