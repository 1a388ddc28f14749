#include <benchmark/benchmark.h>

#include "bench/micro/sample_records.hpp"
#include "protocol/record/batch_reader.hpp"
#include "protocol/record/batch_validator.hpp"

namespace leat::bench {
namespace {

constexpr std::size_t kBatchBytes = 64 << 10;
constexpr std::int64_t kCodecs[] = {0, 1, 2, 3, 4};

record::Codec codec_of(const benchmark::State& state) { return static_cast<record::Codec>(state.range(1)); }

/// Records of 100 B and 1 KiB, with each codec. The bytes are the values', before compression.
void record_sizes_and_codecs(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"value", "codec"});
  for (const std::int64_t value_bytes : {100, 1024}) {
    for (const std::int64_t codec : kCodecs) benchmark->Args({value_bytes, codec});
  }
}

void label(benchmark::State& state) {
  const std::string_view codec = name_of(codec_of(state));
  state.SetLabel(std::string(codec));
}

void count(benchmark::State& state, std::int64_t records) {
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(records * state.range(0));
}

/// One batch of 64 KiB after the other, their memory recycled.
void batch_build(benchmark::State& state) {
  const auto values = sample_values(512, static_cast<std::size_t>(state.range(0)));
  record::BatchBuilder builder({codec_of(state), kBatchBytes});
  std::int64_t records = 0;
  for (auto _ : state) {
    std::size_t i = 0;
    while (builder.append(1'700'000'000'000, std::nullopt, as_bytes(values[i % values.size()]))) ++i;
    auto batch = builder.finish({}).value();
    benchmark::DoNotOptimize(batch.data());
    builder.recycle(std::move(batch));
    records += static_cast<std::int64_t>(i);
  }
  count(state, records);
  label(state);
}
BENCHMARK(batch_build)->Apply(record_sizes_and_codecs);

void batch_read(benchmark::State& state) {
  const auto batch = sample_batch(kBatchBytes, static_cast<std::size_t>(state.range(0)), codec_of(state));
  std::vector<std::byte> buffer;
  std::int64_t records = 0;
  for (auto _ : state) {
    auto reader = record::BatchReader::open(batch, {}, std::move(buffer)).value();
    while (const auto record = reader.next().value()) {
      benchmark::DoNotOptimize(record->value);
      ++records;
    }
    buffer = std::move(reader).take_buffer();
  }
  count(state, records);
  label(state);
}
BENCHMARK(batch_read)->Apply(record_sizes_and_codecs);

/// As the SDK's consumer reads.
void batch_read_all(benchmark::State& state) {
  const auto batch = sample_batch(kBatchBytes, static_cast<std::size_t>(state.range(0)), record::Codec::none);
  std::vector<record::RecordView> records;
  std::int64_t count = 0;
  for (auto _ : state) {
    records.clear();
    record::BatchReader::open(batch, {}).value().read_all(Offset(0), records).value();
    benchmark::DoNotOptimize(records.data());
    count += std::ssize(records);
  }
  state.SetItemsProcessed(count);
}
BENCHMARK(batch_read_all)->ArgName("value")->Arg(100)->Arg(1024);

/// What a broker does with each batch that is published: header and checksum, not the records.
void batch_validate(benchmark::State& state) {
  const auto batch = sample_batch(static_cast<std::size_t>(state.range(0)), 1000);
  for (auto _ : state) benchmark::DoNotOptimize(record::validate_for_append(batch, {batch.size()}).value());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}
BENCHMARK(batch_validate)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace leat::bench
