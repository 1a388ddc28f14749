#include "samples/batches.hpp"

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::storage {

Bytes make_batch(Offset base, const BatchShape& shape) {
  record::BatchBuilder builder(record::BuilderOptions{record::Codec::none, std::size_t{64} << 20});
  for (int i = 0; i < shape.records; ++i) {
    const std::string value(shape.value_bytes, static_cast<char>('a' + (base + i).value() % 26));
    builder.append(shape.timestamp + i, std::nullopt, as_bytes(value));
  }
  Bytes batch = builder.finish(shape.stamp).value();
  record::patch_base_offset(batch, base, 0);
  return batch;
}

std::vector<Bytes> make_batches(Offset base, int count, const BatchShape& shape) {
  std::vector<Bytes> batches;
  for (int i = 0; i < count; ++i) batches.push_back(make_batch(base + i * shape.records, shape));
  return batches;
}

Bytes joined(const std::vector<Bytes>& batches) {
  Bytes bytes;
  for (const Bytes& batch : batches) bytes.insert(bytes.end(), batch.begin(), batch.end());
  return bytes;
}

Bytes make_batch_claiming(Offset base, std::int32_t records) {
  Bytes batch = make_batch(base);
  store_be(batch.data() + record::field::kAttributes, static_cast<std::int16_t>(record::Codec::zstd));
  store_be(batch.data() + record::field::kRecordCount, records);
  store_be(batch.data() + record::field::kLastOffsetDelta, records - 1);
  store_be(batch.data() + record::field::kCrc, crc32c(ByteSpan(batch).subspan(record::field::kAttributes)));
  return batch;
}

record::BatchHeader header_of(ByteSpan batch) { return record::parse_batch_header(batch).value(); }

std::vector<PlacedBatch> placed(const std::vector<Bytes>& batches) {
  std::vector<PlacedBatch> result;
  for (const Bytes& batch : batches) {
    const record::BatchHeader header = header_of(batch);
    result.push_back({batch, header.base_offset, header.next_offset(), header.max_timestamp});
  }
  return result;
}

}  // namespace leat::storage
