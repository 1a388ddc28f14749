#include "client/tool/bench.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "client/tool/output.hpp"
#include "client/tool/text_table.hpp"
#include "client/tool/wait_notes.hpp"
#include "protocol/base/random.hpp"

namespace leat::tool {
namespace {

constexpr std::size_t kPoolBytes = std::size_t{256} << 10;

double rate(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

double us(std::uint64_t ns) { return static_cast<double>(ns) / 1000; }

double per_s(std::uint64_t count, const BenchResult& result) { return rate(static_cast<double>(count), result.seconds); }

std::string to_text(const BenchResult& result) {
  const std::uint64_t values = result.subscribers > 0 ? result.deliveries : result.records;
  std::string text = fmt::format("{} of {} in {:.3f} s: {} records/s, {:.1f} MB/s\n", counted(result.records, "record"),
                                 readable_bytes(values == 0 ? 0 : result.size_bytes / values), result.seconds,
                                 grouped(static_cast<std::uint64_t>(per_s(result.records, result))),
                                 rate(static_cast<double>(result.size_bytes), result.seconds) / 1e6);
  if (result.subscribers > 0) {
    text += fmt::format("{}: {} deliveries, {} a second\n", counted(result.subscribers, "subscriber"), grouped(result.deliveries),
                        grouped(static_cast<std::uint64_t>(per_s(result.deliveries, result))));
  }
  if (result.latency_name != nullptr) {
    const auto& ns = result.latency_ns;
    text += fmt::format("{}: p50 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f}\n", result.latency_name, us(ns.percentile(50)),
                        us(ns.percentile(99)), us(ns.percentile(99.9)), us(ns.max()));
  }
  return text;
}

}  // namespace

std::string to_json(const BenchResult& result) {
  std::string text =
      fmt::format(R"({{"records":{},"seconds":{:.6f},"records_per_s":{:.1f},"mb_per_s":{:.3f})", result.records, result.seconds,
                  per_s(result.records, result), rate(static_cast<double>(result.size_bytes), result.seconds) / 1e6);
  if (result.subscribers > 0) {
    text += fmt::format(R"(,"subscribers":{},"deliveries":{},"deliveries_per_s":{:.1f})", result.subscribers, result.deliveries,
                        per_s(result.deliveries, result));
  }
  if (result.latency_name != nullptr) {
    const auto& ns = result.latency_ns;
    text += fmt::format(R"(,"{}":{{"p50":{:.1f},"p99":{:.1f},"p999":{:.1f},"max":{:.1f}}})", result.latency_name,
                        us(ns.percentile(50)), us(ns.percentile(99)), us(ns.percentile(99.9)), us(ns.max()));
  }
  return text + "}\n";
}

Payloads::Payloads(std::size_t value_bytes, std::uint64_t seed)
    : value_bytes_(value_bytes), slots_(std::max<std::size_t>(1, kPoolBytes / value_bytes)), bytes_(slots_ * value_bytes) {
  SeededRandom random(seed);
  for (std::size_t at = 0; at < bytes_.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random.next();
    std::memcpy(bytes_.data() + at, &word, std::min(sizeof word, bytes_.size() - at));
  }
}

MutableByteSpan Payloads::value(std::uint64_t record) {
  return MutableByteSpan(bytes_).subspan(static_cast<std::size_t>(record % slots_) * value_bytes_, value_bytes_);
}

ProducerOptions bench_producer_options(const GlobalOptions& global, const Bench& command, std::uint32_t number) {
  constexpr std::size_t kRecordOverheadBytes = 256;
  ProducerOptions options;
  options.ack = command.ack;
  options.codec = command.codec;
  const auto wanted = static_cast<std::size_t>(command.in_flight) * (command.size_bytes + kRecordOverheadBytes);
  options.buffer_bytes_max = std::clamp(wanted, options.buffer_bytes_max, std::size_t{1} << 30);
  if (number == 0) options.on_retry = retry_notes(global);
  return options;
}

std::uint64_t share_of(std::uint64_t records, std::uint64_t producers, std::uint64_t number) {
  return records / producers + (number < records % producers ? 1 : 0);
}

Result<void> allow_descriptors(std::uint64_t connections) {
  constexpr std::uint64_t kOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return ok();
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= connections + kOthers) return ok();
  return Error(Errc::limit_reached, counted(connections, "subscriber") + " take as many files, and this process may have " +
                                        grouped(limit.rlim_max) + " open (ulimit -Hn)");
}

bool is_timed(const Bench& command, std::uint64_t record) {
  constexpr std::uint64_t kFew = 64;
  constexpr std::uint64_t kOneIn = 8;
  return command.in_flight <= kFew || record % kOneIn == 0;
}

void sharpen_sleep() { ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); }

Result<ExitCode> run(const GlobalOptions& global, const Bench& command) {
  // Too large for the stack.
  const auto result = std::make_unique<BenchResult>();
  switch (command.kind) {
    case BenchKind::pub:
      LEAT_TRY(bench_pub(global, command, *result));
      break;
    case BenchKind::sub:
      LEAT_TRY(bench_sub(global, command, *result));
      break;
    case BenchKind::e2e:
      LEAT_TRY(bench_e2e(global, command, *result));
      break;
    case BenchKind::fan:
      LEAT_TRY(bench_fan(global, command, *result));
      break;
  }
  Output output(STDOUT_FILENO);
  output.buffer() += global.output == OutputFormat::json ? to_json(*result) : to_text(*result);
  LEAT_TRY(output.flush());
  return ExitCode::done;
}

}  // namespace leat::tool
