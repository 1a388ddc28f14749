#include "sample_batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "protocol/base/crc32c.hpp"

namespace leat::record {
namespace {

std::optional<ByteSpan> view(const std::optional<std::string>& text) {
  return text ? std::optional(as_bytes(*text)) : std::nullopt;
}

std::optional<std::string> own(const std::optional<ByteSpan>& bytes) {
  return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
}

std::string random_text(Random& random, std::size_t length_max) {
  std::string text(random.next() % (length_max + 1), 'a');
  for (char& c : text) c = static_cast<char>('a' + random.next() % 4);
  return text;
}

std::optional<std::string> random_blob(Random& random, std::size_t length_max) {
  if (random.next() % 5 == 0) return std::nullopt;
  return random_text(random, length_max);
}

TimestampMs random_timestamp(Random& random) {
  switch (random.next() % 8) {
    case 0:
      return std::numeric_limits<TimestampMs>::min();
    case 1:
      return std::numeric_limits<TimestampMs>::max();
    case 2:
      return static_cast<TimestampMs>(random.next());
    default:
      return 1'700'000'000'000 + static_cast<TimestampMs>(random.next() % 100'000);
  }
}

}  // namespace

bool append(BatchBuilder& builder, const SampleRecord& record) {
  std::vector<HeaderView> headers;
  for (const auto& [name, value] : record.headers) headers.push_back(HeaderView{name, view(value)});
  return builder.append(record.timestamp, view(record.key), view(record.value), headers);
}

Bytes build(Codec codec, std::span<const SampleRecord> records, const ProducerStamp& stamp) {
  BatchBuilder builder(BuilderOptions{codec, std::size_t{64} << 20});
  for (const SampleRecord& record : records) append(builder, record);
  return builder.finish(stamp).value();
}

namespace {

SampleRecord sample_of(const RecordView& record) {
  SampleRecord sample{record.timestamp, own(record.key), own(record.value), {}};
  for (const HeaderView& header : record.headers) sample.headers.emplace_back(header.name, own(header.value));
  return sample;
}

Result<std::vector<SampleRecord>> read_one_by_one(BatchReader reader) {
  std::vector<SampleRecord> records;
  while (true) {
    LEAT_ASSIGN(const std::optional<RecordView> record, reader.next());
    if (!record) return records;
    records.push_back(sample_of(*record));
  }
}

}  // namespace

Result<std::vector<SampleRecord>> read_all(ByteSpan batch, const DecompressLimits& limits) {
  LEAT_ASSIGN(BatchReader reader, BatchReader::open(batch, limits));
  LEAT_ASSIGN(BatchReader at_once, BatchReader::open(batch, limits));
  auto records = read_one_by_one(std::move(reader));
  std::vector<RecordView> views;
  const auto read = at_once.read_all(at_once.header().base_offset, views);
  EXPECT_EQ(read.has_error(), records.has_error());
  if (read.has_error() || records.has_error()) {
    EXPECT_TRUE(views.empty());
    EXPECT_EQ(read.has_error() ? read.error().message() : "", records.has_error() ? records.error().message() : "");
    return records;
  }
  std::vector<SampleRecord> samples;
  std::ranges::transform(views, std::back_inserter(samples), sample_of);
  EXPECT_EQ(samples, *records);
  return records;
}

std::vector<SampleRecord> random_records(Random& random) {
  std::vector<SampleRecord> records(1 + random.next() % 150);
  for (SampleRecord& record : records) {
    record.timestamp = random_timestamp(random);
    record.key = random_blob(random, 20);
    record.value = random_blob(random, random.next() % 20 == 0 ? 20'000 : 200);
    for (std::uint64_t i = random.next() % 4; i > 0; --i) {
      record.headers.emplace_back(random_text(random, 10), random_blob(random, 30));
    }
  }
  return records;
}

std::vector<SampleRecord> few_records() {
  return {{1'700'000'000'000, "order-1", "created", {{"source", "shop"}, {"trace", std::nullopt}}},
          {1'700'000'000'250, std::nullopt, std::string(100, 'x'), {}},
          {1'699'999'999'999, "order-1", std::nullopt, {}}};
}

Bytes wrap(Codec codec, std::int32_t count, ByteSpan records) {
  Bytes batch = build(Codec::none, few_records());
  batch.resize(kBatchHeaderBytes);
  batch.insert(batch.end(), records.begin(), records.end());
  store_be(batch.data() + field::kBatchLength, static_cast<std::int32_t>(batch.size() - kBatchLengthPrefixBytes));
  store_be(batch.data() + field::kAttributes, static_cast<std::int16_t>(codec));
  store_be(batch.data() + field::kRecordCount, count);
  store_be(batch.data() + field::kLastOffsetDelta, std::max(count - 1, 0));
  fix_crc(batch);
  return batch;
}

void fix_crc(Bytes& batch) { store_be(batch.data() + field::kCrc, crc32c(ByteSpan(batch).subspan(field::kAttributes))); }

Bytes from_hex(std::string_view hex) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(nibble(hex[i]) << 4 | nibble(hex[i + 1])));
  }
  return bytes;
}

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

}  // namespace leat::record
