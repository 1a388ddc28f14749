#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_iterator.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::server {

inline std::vector<std::byte> batch_of(const std::vector<std::string>& values, const record::ProducerStamp& stamp = {},
                                       TimestampMs first_timestamp = 1'700'000'000'000,
                                       record::Codec codec = record::Codec::none) {
  record::BatchBuilder builder({codec, std::size_t{64} << 20});
  TimestampMs timestamp = first_timestamp;
  for (const std::string& value : values) builder.append(timestamp++, std::nullopt, as_bytes(value));
  return builder.finish(stamp).value();
}

/// One record of so many bytes.
inline std::vector<std::byte> large_batch(std::size_t value_bytes) { return batch_of({std::string(value_bytes, 'x')}); }

struct StoredRecord {
  Offset offset;
  std::string value;
  friend bool operator==(const StoredRecord&, const StoredRecord&) = default;
};

/// The records of whole batches; throws when they are anything else.
inline std::vector<StoredRecord> records_of(ByteSpan batches) {
  std::vector<StoredRecord> records;
  record::BatchIterator iterator(batches);
  while (const auto batch = iterator.next().value()) {
    auto reader = record::BatchReader::open(*batch, {}).value();
    while (const auto record = reader.next().value()) {
      records.push_back({record->offset, record->value ? std::string(as_text(*record->value)) : std::string()});
    }
  }
  return records;
}

inline std::vector<std::string> values_of(ByteSpan batches) {
  std::vector<std::string> values;
  for (StoredRecord& record : records_of(batches)) values.push_back(std::move(record.value));
  return values;
}

}  // namespace leat::server
