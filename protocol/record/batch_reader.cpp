#include "protocol/record/batch_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "protocol/base/endian.hpp"

namespace leat::record {
namespace {

constexpr std::ptrdiff_t kPrefetchRecords = 4;

/// A key or value: a length, -1 for null, and the bytes. False when it runs past the end.
bool take_blob(RecordCursor& cursor, std::optional<ByteSpan>& blob) {
  const auto length = cursor.varint();
  if (!length || *length < -1) return false;
  if (*length == -1) return true;
  blob = cursor.take(static_cast<std::size_t>(*length));
  return blob.has_value();
}

/// A varint of up to three bytes with another one behind it, which nearly all are. False: it has to be read with more care.
inline bool plain_varint(const std::byte*& at, const std::byte* end, std::int32_t& value) {
  if (end - at < 4) return false;
  const auto four = load_le<std::uint32_t>(at);
  std::uint32_t zigzag = four & 0x7f;
  std::ptrdiff_t bytes = 1;
  if ((four & 0x80) != 0) {
    zigzag |= (four >> 1) & 0x3f80;
    bytes = 2;
    if ((four & 0x8000) != 0) {
      if ((four & 0x80'0000) != 0) return false;
      zigzag |= (four >> 2) & 0x1f'c000;
      bytes = 3;
    }
  }
  at += bytes;
  value = static_cast<std::int32_t>(zigzag >> 1) ^ -static_cast<std::int32_t>(zigzag & 1);
  return true;
}

/// A key or value in a batch. Its parts, as a copy of an optional span makes the processor wait for what was just stored.
struct PlainBlob {
  const std::byte* at = nullptr;
  std::int32_t length = 0;  ///< -1: null

  void put_into(std::optional<ByteSpan>& blob) const {
    if (length >= 0) blob.emplace(at, static_cast<std::size_t>(length));
  }
};

/// take_blob() for a length that is a plain_varint().
inline bool plain_blob(const std::byte*& at, const std::byte* end, const std::byte* body_end, PlainBlob& blob) {
  if (!plain_varint(at, end, blob.length) || blob.length < -1 || blob.length > body_end - at) return false;
  blob.at = at;
  at += std::max(blob.length, 0);
  return true;
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
  std::optional<RecordView> record(std::in_place);
  if (const char* const fault = take_record(rest_, *record); fault != nullptr) return malformed(fault);
  return record;
}

Result<void> BatchReader::read_all(Offset from, std::vector<RecordView>& into) {
  const std::size_t before = into.size();
  RecordCursor rest = rest_;  // a local one stays in registers
  const char* fault = nullptr;
  while (fault == nullptr && records_read_ < header_.record_count) {
    RecordView& record = into.emplace_back();
    fault = take_record(rest, record);
    if (record.offset < from) into.pop_back();
  }
  rest_ = rest;
  if (fault == nullptr && rest.remaining() != 0) fault = "bytes behind the last";
  if (fault == nullptr) return ok();
  into.resize(before);
  return malformed(fault);
}

inline const char* BatchReader::take_record(RecordCursor& rest, RecordView& record) {
  if (take_plain_record(rest, record)) return nullptr;
  RecordCursor cursor = rest;
  const auto length = cursor.varint();
  if (!length || *length < 0) return "length";
  const auto body = cursor.take(static_cast<std::size_t>(*length));
  if (!body) return "it runs past the batch's end";
  if (const char* const fault = decode(RecordCursor(*body), record); fault != nullptr) return fault;
  rest = cursor;
  ++records_read_;
  return nullptr;
}

inline bool BatchReader::take_plain_record(RecordCursor& rest, RecordView& record) {
  const std::byte* at = rest.rest().data();
  const std::byte* const end = at + rest.remaining();
  std::int32_t length = 0;
  if (!plain_varint(at, end, length) || length <= 0 || length > end - at) return false;
  const std::byte* const body_end = at + length;
  // Records are often of one size, and what was received is often in no cache near: the front of a later one is asked for here.
  if (const std::ptrdiff_t ahead = kPrefetchRecords * length; ahead < end - body_end) {
    __builtin_prefetch(body_end + ahead);
  }
  ++at;  // attributes: no bit of them is in use
  std::int32_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  if (!plain_varint(at, end, timestamp_delta) || !plain_varint(at, end, offset_delta)) return false;
  if (offset_delta <= last_delta_ || offset_delta > header_.last_offset_delta) return false;
  PlainBlob key;
  PlainBlob value;
  if (!plain_blob(at, end, body_end, key) || !plain_blob(at, end, body_end, value)) return false;
  if (body_end - at != 1 || *at != std::byte{0}) return false;  // a count of headers, none
  record.offset = header_.base_offset + offset_delta;
  record.timestamp = timestamp_at(timestamp_delta);
  key.put_into(record.key);
  value.put_into(record.value);
  last_delta_ = offset_delta;
  rest = RecordCursor({body_end, end});
  ++records_read_;
  return true;
}

const char* BatchReader::decode(RecordCursor body, RecordView& record) {
  if (!body.take(1)) return "attributes";  // no bit of them is in use
  const auto timestamp_delta = body.varlong();
  if (!timestamp_delta) return "timestamp";
  const auto offset_delta = body.varint();
  if (!offset_delta || *offset_delta <= last_delta_ || *offset_delta > header_.last_offset_delta) return "offset";
  if (!take_blob(body, record.key)) return "key";
  if (!take_blob(body, record.value)) return "value";
  const auto header_count = body.varint();
  if (!header_count) return "header count";
  const auto headers = HeaderRange::take(body, *header_count);
  if (!headers) return "headers";
  if (body.remaining() != 0) return "bytes behind its headers";
  record.offset = header_.base_offset + *offset_delta;
  record.timestamp = timestamp_at(*timestamp_delta);
  record.headers = *headers;
  last_delta_ = *offset_delta;
  return nullptr;
}

inline TimestampMs BatchReader::timestamp_at(std::int64_t delta) const {
  if (header_.uses_log_append_time()) return header_.max_timestamp;
  return static_cast<TimestampMs>(static_cast<std::uint64_t>(header_.base_timestamp) + static_cast<std::uint64_t>(delta));
}

Error BatchReader::malformed(const char* what) const {
  return Error(Errc::invalid_batch, "record " + std::to_string(records_read_) + ": " + what);
}

}  // namespace leat::record
