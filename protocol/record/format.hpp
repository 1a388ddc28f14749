#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"

/// Record batches: Kafka's RecordBatch, magic 2 (KIP-98), the one format on the wire and on disk. All integers are big-endian.
namespace leat::record {

/// Where the header's fields stand, in bytes from the batch's first.
namespace field {
inline constexpr std::size_t kBaseOffset = 0;        ///< i64, patched by the broker
inline constexpr std::size_t kBatchLength = 8;       ///< i32, bytes after this field
inline constexpr std::size_t kLeaderEpoch = 12;      ///< i32, patched by the broker
inline constexpr std::size_t kMagic = 16;            ///< i8
inline constexpr std::size_t kCrc = 17;              ///< u32, CRC-32C of everything from kAttributes on
inline constexpr std::size_t kAttributes = 21;       ///< i16
inline constexpr std::size_t kLastOffsetDelta = 23;  ///< i32
inline constexpr std::size_t kBaseTimestamp = 27;    ///< i64
inline constexpr std::size_t kMaxTimestamp = 35;     ///< i64
inline constexpr std::size_t kProducerId = 43;       ///< i64
inline constexpr std::size_t kProducerEpoch = 51;    ///< i16
inline constexpr std::size_t kBaseSequence = 53;     ///< i32
inline constexpr std::size_t kRecordCount = 57;      ///< i32
inline constexpr std::size_t kRecords = 61;          ///< what the codec compresses
}  // namespace field

inline constexpr std::size_t kBatchHeaderBytes = field::kRecords;
/// The base offset and the length itself: what the length field does not count.
inline constexpr std::size_t kBatchLengthPrefixBytes = 12;
inline constexpr std::int8_t kMagic = 2;

/// A record's smallest form: length, attributes, two deltas, null key, null value, no headers.
inline constexpr std::size_t kRecordBytesMin = 7;

enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// "none", "gzip", "snappy", "lz4", "zstd".
std::string_view name_of(Codec codec);
std::optional<Codec> codec_named(std::string_view name);

namespace attribute {
inline constexpr std::int16_t kCodecMask = 0x07;
inline constexpr std::int16_t kLogAppendTime = 0x08;
inline constexpr std::int16_t kTransactional = 0x10;
inline constexpr std::int16_t kControl = 0x20;
inline constexpr std::int16_t kDeleteHorizon = 0x40;
}  // namespace attribute

/// A batch's first 61 bytes, decoded. One from parse_batch_header has a known codec, no negative count or delta, and offsets
/// that stay within 63 bits.
struct BatchHeader {
  Offset base_offset;
  std::size_t batch_bytes = 0;  ///< the whole batch, header included
  std::int32_t leader_epoch = -1;
  std::int8_t magic = kMagic;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  TimestampMs base_timestamp = 0;
  TimestampMs max_timestamp = 0;
  ProducerId producer_id = kNoProducer;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  [[nodiscard]] Codec codec() const { return static_cast<Codec>(attributes & attribute::kCodecMask); }
  [[nodiscard]] bool is_control() const { return (attributes & attribute::kControl) != 0; }
  [[nodiscard]] bool is_transactional() const { return (attributes & attribute::kTransactional) != 0; }
  [[nodiscard]] bool uses_log_append_time() const { return (attributes & attribute::kLogAppendTime) != 0; }

  [[nodiscard]] Offset last_offset() const { return base_offset + last_offset_delta; }
  [[nodiscard]] Offset next_offset() const { return base_offset + last_offset_delta + 1; }
  /// Sequences go from the largest 32-bit integer to 0. -1 when the batch has none.
  [[nodiscard]] std::int32_t last_sequence() const;
};

/// Decodes a header whose records may not have arrived yet. Fails with invalid_batch on fewer than 61 bytes and on a header that
/// no batch has. Neither the checksum nor the size of `bytes` against the batch's is looked at.
Result<BatchHeader> parse_batch_header(ByteSpan bytes);

/// Gives a batch its place in a partition. The checksum does not cover these fields, so nothing else changes.
void patch_base_offset(MutableByteSpan batch, Offset base, std::int32_t leader_epoch);

}  // namespace leat::record
