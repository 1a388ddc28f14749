#include <benchmark/benchmark.h>

#include <vector>

#include "protocol/base/crc32c.hpp"

namespace leat::bench {
namespace {

using Implementation = std::uint32_t (*)(std::uint32_t, ByteSpan);

void crc32c_of(benchmark::State& state, Implementation implementation) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  std::uint32_t crc = 0;
  for (auto _ : state) benchmark::DoNotOptimize(crc = implementation(crc, bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* benchmark) { benchmark->RangeMultiplier(16)->Range(64, 1 << 20); }

void crc32c_portable(benchmark::State& state) { crc32c_of(state, detail::crc32c_portable); }
BENCHMARK(crc32c_portable)->Apply(sizes);

/// What crc32c() uses: the processor's instruction where there is one.
void crc32c_chosen(benchmark::State& state) { crc32c_of(state, crc32c_extend); }
BENCHMARK(crc32c_chosen)->Apply(sizes);

}  // namespace
}  // namespace leat::bench
