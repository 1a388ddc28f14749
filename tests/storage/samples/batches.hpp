#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/record/batch_builder.hpp"
#include "protocol/record/format.hpp"
#include "storage/segment/segment_appender.hpp"

/// What the tests of storage/ share: batches as a broker has them, at an offset and with a right checksum.
namespace leat::storage {

using Bytes = std::vector<std::byte>;

struct BatchShape {
  int records = 1;
  std::size_t value_bytes = 10;  ///< of each record
  TimestampMs timestamp = 1000;  ///< of the first record, the others follow a millisecond apart
  record::ProducerStamp stamp{};
};

/// The values differ from offset to offset.
Bytes make_batch(Offset base, const BatchShape& shape = {});
/// So many batches, one behind the other.
std::vector<Bytes> make_batches(Offset base, int count, const BatchShape& shape = {});
Bytes joined(const std::vector<Bytes>& batches);

/// A compressed batch that says it holds so many records, whatever it holds: what a hostile producer can get accepted.
Bytes make_batch_claiming(Offset base, std::int32_t records);

record::BatchHeader header_of(ByteSpan batch);
std::vector<PlacedBatch> placed(const std::vector<Bytes>& batches);

template <class T>
std::optional<Errc> error_of(const Result<T>& result) {
  return result.has_error() ? std::optional(result.error().code) : std::nullopt;
}

/// The error's message, or "no error".
template <class T>
std::string message_of(const Result<T>& result) {
  return result.has_error() ? result.error().message() : "no error";
}

}  // namespace leat::storage
