#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "client/tool/commands.hpp"
#include "client/tool/latency_histogram.hpp"
#include "leat/producer.hpp"

namespace leat::tool {

/// What a bench measured.
struct BenchResult {
  std::uint64_t records = 0;
  std::size_t size_bytes = 0;  ///< of all values
  double seconds = 0;
  const char* latency_name = nullptr;  ///< "ack_us" or "latency_us"; null: no latency
  LatencyHistogram latency_ns;
  std::uint32_t subscribers = 0;  ///< of a fan; otherwise none of the next either
  std::uint64_t deliveries = 0;   ///< records, at all subscribers together; size_bytes counts these
};

Result<void> bench_pub(const GlobalOptions& global, const Bench& command, BenchResult& result);
Result<void> bench_sub(const GlobalOptions& global, const Bench& command, BenchResult& result);
Result<void> bench_e2e(const GlobalOptions& global, const Bench& command, BenchResult& result);
Result<void> bench_fan(const GlobalOptions& global, const Bench& command, BenchResult& result);

/// One JSON object with records, seconds, records_per_s, mb_per_s, of a fan also subscribers, deliveries and deliveries_per_s,
/// and, where measured, the latencies p50, p99, p999 and max in us.
std::string to_json(const BenchResult& result);

/// Values to publish: pseudo-random bytes, generated once, that do not repeat within a record batch. Each thread has its own.
class Payloads {
 public:
  Payloads(std::size_t value_bytes, std::uint64_t seed);
  /// The value of the n-th record; the same memory again after a few hundred KiB.
  MutableByteSpan value(std::uint64_t record);

 private:
  std::size_t value_bytes_;
  std::size_t slots_;
  std::vector<std::byte> bytes_;
};

/// The settings of a bench's producer, with room in its buffer for what is in flight. The first one says why it waits: what the
/// others wait for is the same.
ProducerOptions bench_producer_options(const GlobalOptions& global, const Bench& command, std::uint32_t number = 0);

/// How many of the records the producer of that number publishes.
std::uint64_t share_of(std::uint64_t records, std::uint64_t producers, std::uint64_t number);

/// Raises the process's limit of open files for so many connections. Fails with limit_reached.
Result<void> allow_descriptors(std::uint64_t connections);

/// Whether the latency of the n-th record published without a rate is measured: with many in flight one in eight is, as reading
/// the clock takes longer than much of what else is done for a record.
bool is_timed(const Bench& command, std::uint64_t record);

/// Lets the calling thread sleep to within microseconds rather than the kernel's usual 50.
void sharpen_sleep();

}  // namespace leat::tool
