#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/endian.hpp"
#include "protocol/base/random.hpp"
#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_reader.hpp"

/// What the tests of record batches share: owning records, whole batches made of them, and batches with one thing wrong.
namespace leat::record {

using Bytes = std::vector<std::byte>;

inline constexpr Codec kCodecs[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
inline constexpr Codec kCompressingCodecs[] = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

struct SampleRecord {
  TimestampMs timestamp = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  friend bool operator==(const SampleRecord&, const SampleRecord&) = default;
};

bool append(BatchBuilder& builder, const SampleRecord& record);
Bytes build(Codec codec, std::span<const SampleRecord> records, const ProducerStamp& stamp = {});
Result<std::vector<SampleRecord>> read_all(ByteSpan batch, const DecompressLimits& limits = {});

/// Compressible enough that every codec is used, with nulls, empties, headers and wild timestamps.
std::vector<SampleRecord> random_records(Random& random);
/// Three plain ones.
std::vector<SampleRecord> few_records();

/// A batch with a right checksum around whatever stands for its records.
Bytes wrap(Codec codec, std::int32_t count, ByteSpan records);
void fix_crc(Bytes& batch);
template <class T>
void set_field(Bytes& batch, std::size_t at, T value) {
  store_be(batch.data() + at, value);
  fix_crc(batch);
}

Bytes from_hex(std::string_view hex);
Bytes bytes_of(std::initializer_list<int> values);

template <class T>
std::optional<Errc> error_of(const Result<T>& result) {
  return result.has_error() ? std::optional(result.error().code) : std::nullopt;
}

}  // namespace leat::record
