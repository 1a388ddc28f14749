#include "bench/micro/sample_records.hpp"

#include "protocol/base/random.hpp"

namespace leat::bench {
namespace {

constexpr TimestampMs kTimestamp = 1'700'000'000'000;
constexpr std::size_t kDistinctValues = 512;

}  // namespace

std::vector<std::string> sample_values(std::size_t count, std::size_t value_bytes) {
  SeededRandom random(42);
  std::vector<std::string> values(count);
  for (std::string& value : values) {
    value = "{\"order\":" + std::to_string(random.next() % 10'000'000) + ",\"state\":\"created\",\"lines\":[";
    while (value.size() < value_bytes) {
      value.append("{\"article\":").append(std::to_string(random.next() % 100'000));
      value.append(",\"price\":").append(std::to_string(random.next() % 10'000)).append("},");
    }
    value.resize(value_bytes);
  }
  return values;
}

std::vector<std::byte> sample_batch(std::size_t batch_bytes, std::size_t value_bytes, record::Codec codec) {
  record::BatchBuilder builder({codec, batch_bytes});
  const auto values = sample_values(kDistinctValues, value_bytes);
  for (std::size_t i = 0; builder.append(kTimestamp, std::nullopt, as_bytes(values[i % values.size()])); ++i) {
  }
  return builder.finish({}).value();
}

}  // namespace leat::bench
