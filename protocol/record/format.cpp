#include "protocol/record/format.hpp"

#include <array>
#include <limits>
#include <string>

#include "protocol/base/assert.hpp"
#include "protocol/base/endian.hpp"

namespace leat::record {
namespace {

constexpr std::array<std::string_view, 5> kCodecNames{"none", "gzip", "snappy", "lz4", "zstd"};

Error invalid(std::string_view what, std::int64_t value) {
  return Error(Errc::invalid_batch, std::string(what) + " " + std::to_string(value));
}

}  // namespace

std::string_view name_of(Codec codec) { return kCodecNames[static_cast<std::size_t>(codec)]; }

std::optional<Codec> codec_named(std::string_view name) {
  for (std::size_t i = 0; i < kCodecNames.size(); ++i) {
    if (kCodecNames[i] == name) return static_cast<Codec>(i);
  }
  return std::nullopt;
}

std::int32_t BatchHeader::last_sequence() const {
  if (base_sequence < 0) return -1;
  const auto sum = static_cast<std::uint32_t>(base_sequence) + static_cast<std::uint32_t>(last_offset_delta);
  return static_cast<std::int32_t>(sum & 0x7fffffffU);
}

Result<BatchHeader> parse_batch_header(ByteSpan bytes) {
  if (bytes.size() < kBatchHeaderBytes) {
    return Error(Errc::invalid_batch, "a batch header has 61 bytes, here are " + std::to_string(bytes.size()));
  }
  const std::byte* const at = bytes.data();
  BatchHeader header;
  header.magic = load_be<std::int8_t>(at + field::kMagic);
  if (header.magic != kMagic) return invalid("only magic 2 is supported, this is magic", header.magic);
  const auto length = load_be<std::int32_t>(at + field::kBatchLength);
  if (length < static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLengthPrefixBytes)) return invalid("batch length", length);

  header.base_offset = Offset(load_be<std::int64_t>(at + field::kBaseOffset));
  header.batch_bytes = kBatchLengthPrefixBytes + static_cast<std::size_t>(length);
  header.leader_epoch = load_be<std::int32_t>(at + field::kLeaderEpoch);
  header.crc = load_be<std::uint32_t>(at + field::kCrc);
  header.attributes = load_be<std::int16_t>(at + field::kAttributes);
  header.last_offset_delta = load_be<std::int32_t>(at + field::kLastOffsetDelta);
  header.base_timestamp = load_be<std::int64_t>(at + field::kBaseTimestamp);
  header.max_timestamp = load_be<std::int64_t>(at + field::kMaxTimestamp);
  header.producer_id = ProducerId(load_be<std::int64_t>(at + field::kProducerId));
  header.producer_epoch = load_be<std::int16_t>(at + field::kProducerEpoch);
  header.base_sequence = load_be<std::int32_t>(at + field::kBaseSequence);
  header.record_count = load_be<std::int32_t>(at + field::kRecordCount);

  if ((header.attributes & attribute::kCodecMask) >= static_cast<int>(kCodecNames.size())) {
    return invalid("unknown codec", header.attributes & attribute::kCodecMask);
  }
  if (header.last_offset_delta < 0) return invalid("last offset delta", header.last_offset_delta);
  if (header.record_count < 0) return invalid("record count", header.record_count);
  constexpr auto kOffsetMax = std::numeric_limits<std::int64_t>::max();
  if (header.base_offset.value() < 0 || header.base_offset.value() > kOffsetMax - header.last_offset_delta - 1) {
    return invalid("base offset", header.base_offset.value());
  }
  return header;
}

void patch_base_offset(MutableByteSpan batch, Offset base, std::int32_t leader_epoch) {
  LEAT_ASSERT(batch.size() >= kBatchHeaderBytes);
  store_be(batch.data() + field::kBaseOffset, base.value());
  store_be(batch.data() + field::kLeaderEpoch, leader_epoch);
}

}  // namespace leat::record
