#include "protocol/record/batch_builder.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "protocol/base/assert.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "protocol/record/compression.hpp"
#include "protocol/record/varint.hpp"

namespace leat::record {
namespace {

constexpr std::size_t kBufferBytesMin = 4096;
constexpr std::size_t kBatchBytesMax = std::numeric_limits<std::int32_t>::max();

std::size_t blob_bytes(const std::optional<ByteSpan>& blob) {
  return blob ? varint_bytes(static_cast<std::int64_t>(blob->size())) + blob->size() : varint_bytes(-1);
}

std::byte* put_blob(std::byte* to, ByteSpan blob) {
  to = put_varint(to, static_cast<std::int64_t>(blob.size()));
  if (!blob.empty()) std::memcpy(to, blob.data(), blob.size());
  return to + blob.size();
}

std::byte* put_blob(std::byte* to, const std::optional<ByteSpan>& blob) {
  return blob ? put_blob(to, *blob) : put_varint(to, -1);
}

}  // namespace

BatchBuilder::RecordShape BatchBuilder::measure(TimestampMs timestamp, const std::optional<ByteSpan>& key,
                                                const std::optional<ByteSpan>& value, std::span<const HeaderView> headers) const {
  // Modulo 2^64, as the reader adds it again: no pair of timestamps is beyond the format.
  const auto delta = empty() ? 0 : static_cast<std::uint64_t>(timestamp) - static_cast<std::uint64_t>(base_timestamp_);
  RecordShape shape{static_cast<std::int64_t>(delta), 0};
  shape.body_bytes = 1 + varint_bytes(shape.timestamp_delta) + varint_bytes(record_count_) + blob_bytes(key) + blob_bytes(value) +
                     varint_bytes(static_cast<std::int64_t>(headers.size()));
  for (const HeaderView& header : headers) {
    shape.body_bytes += blob_bytes(as_bytes(header.name)) + blob_bytes(header.value);
  }
  return shape;
}

bool BatchBuilder::append(TimestampMs timestamp, std::optional<ByteSpan> key, std::optional<ByteSpan> value,
                          std::span<const HeaderView> headers) {
  const RecordShape shape = measure(timestamp, key, value, headers);
  const std::size_t bytes = varint_bytes(static_cast<std::int64_t>(shape.body_bytes)) + shape.body_bytes;
  if (used_ + bytes > (empty() ? kBatchBytesMax : std::min(options_.bytes_max, kBatchBytesMax))) return false;
  make_room(bytes);

  std::byte* at = buffer_.data() + used_;
  at = put_varint(at, static_cast<std::int64_t>(shape.body_bytes));
  *at++ = std::byte{0};
  at = put_varint(at, shape.timestamp_delta);
  at = put_varint(at, record_count_);
  at = put_blob(at, key);
  at = put_blob(at, value);
  at = put_varint(at, static_cast<std::int64_t>(headers.size()));
  for (const HeaderView& header : headers) {
    at = put_blob(at, as_bytes(header.name));
    at = put_blob(at, header.value);
  }

  if (empty()) base_timestamp_ = max_timestamp_ = timestamp;
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  ++record_count_;
  used_ += bytes;
  return true;
}

void BatchBuilder::make_room(std::size_t bytes) {
  const std::size_t needed = used_ + bytes;
  if (needed <= buffer_.size()) return;
  if (buffer_.capacity() == 0) buffer_ = std::exchange(spare_, {});
  if (needed <= buffer_.size()) return;
  const std::size_t doubled = std::max(2 * buffer_.size(), kBufferBytesMin);
  const std::size_t size = std::max(needed, std::min(doubled, options_.bytes_max));
  buffer_.reserve(size);  // exactly: resize() alone would take up to twice as much
  buffer_.resize(size);
}

void BatchBuilder::write_header(MutableByteSpan batch, Codec codec, const ProducerStamp& stamp) const {
  std::byte* const at = batch.data();
  store_be(at + field::kBaseOffset, std::int64_t{0});
  store_be(at + field::kBatchLength, static_cast<std::int32_t>(batch.size() - kBatchLengthPrefixBytes));
  store_be(at + field::kLeaderEpoch, std::int32_t{-1});
  store_be(at + field::kMagic, kMagic);
  store_be(at + field::kAttributes, static_cast<std::int16_t>(codec));
  store_be(at + field::kLastOffsetDelta, record_count_ - 1);
  store_be(at + field::kBaseTimestamp, base_timestamp_);
  store_be(at + field::kMaxTimestamp, max_timestamp_);
  store_be(at + field::kProducerId, stamp.producer_id.value());
  store_be(at + field::kProducerEpoch, stamp.epoch);
  store_be(at + field::kBaseSequence, stamp.base_sequence);
  store_be(at + field::kRecordCount, record_count_);
  store_be(at + field::kCrc, crc32c(batch.subspan(field::kAttributes)));
}

Result<std::vector<std::byte>> BatchBuilder::finish(const ProducerStamp& stamp) {
  LEAT_ASSERT(!empty());
  if (options_.codec == Codec::none) return finish_uncompressed(stamp);
  return finish_compressed(stamp);
}

std::vector<std::byte> BatchBuilder::finish_uncompressed(const ProducerStamp& stamp) {
  buffer_.resize(used_);
  write_header(buffer_, Codec::none, stamp);
  std::vector<std::byte> batch = std::exchange(buffer_, {});
  clear();
  return batch;
}

Result<std::vector<std::byte>> BatchBuilder::finish_compressed(const ProducerStamp& stamp) {
  const ByteSpan records = ByteSpan(buffer_).subspan(kBatchHeaderBytes, used_ - kBatchHeaderBytes);
  const std::size_t bound = compressed_bytes_bound(options_.codec, records.size());
  if (compressed_.size() < bound) {
    compressed_.reserve(std::max(bound, compressed_.size() + compressed_.size() / 2));
    compressed_.resize(bound);
  }
  LEAT_ASSIGN(const std::size_t compressed_bytes, compress(options_.codec, records, MutableByteSpan(compressed_)));
  if (compressed_bytes >= records.size()) return finish_uncompressed(stamp);

  std::vector<std::byte> batch = std::exchange(spare_, {});
  batch.resize(kBatchHeaderBytes + compressed_bytes);
  std::memcpy(batch.data() + kBatchHeaderBytes, compressed_.data(), compressed_bytes);
  write_header(batch, options_.codec, stamp);
  clear();
  if (compressed_.capacity() > 2 * compressed_bytes_bound(options_.codec, options_.bytes_max)) compressed_ = {};
  return batch;
}

void BatchBuilder::clear() {
  used_ = kBatchHeaderBytes;
  record_count_ = 0;
  if (!worth_keeping(buffer_)) buffer_ = {};
}

void BatchBuilder::recycle(std::vector<std::byte> storage) {
  if (worth_keeping(storage) && storage.capacity() > spare_.capacity()) spare_ = std::move(storage);
}

// One record beyond the limit must not hold its memory for ever.
bool BatchBuilder::worth_keeping(const std::vector<std::byte>& storage) const {
  return storage.capacity() <= 2 * std::max(options_.bytes_max, kBufferBytesMin);
}

}  // namespace leat::record
