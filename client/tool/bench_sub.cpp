#include <algorithm>
#include <atomic>
#include <chrono>

#include "client/tool/bench.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/text_table.hpp"
#include "leat/consumer.hpp"

namespace leat::tool {
namespace {

/// Takes records until there were enough of them. Main thread; records() is for any.
class CatchUp {
 public:
  explicit CatchUp(std::uint64_t wanted) : wanted_(wanted) {}

  Result<void> run(Consumer& consumer) {
    while (records() < wanted_) {
      LEAT_ASSIGN(const auto batch, consumer.next());
      const auto taken = std::min<std::uint64_t>(batch.size(), wanted_ - records());
      for (const auto& record : batch.records().first(taken)) {
        if (record.value) size_bytes_ += record.value->size();
      }
      records_.fetch_add(taken, std::memory_order_relaxed);
    }
    return ok();
  }

  [[nodiscard]] std::uint64_t records() const { return records_.load(std::memory_order_relaxed); }
  /// Of the values.
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  const std::uint64_t wanted_;
  std::atomic<std::uint64_t> records_{0};
  std::size_t size_bytes_ = 0;
};

Result<void> expect_records(Admin& admin, const Bench& command) {
  LEAT_ASSIGN(const auto topic, admin.describe_topic(command.topic));
  std::uint64_t held = 0;
  for (const auto& partition : topic.partitions) {
    held += static_cast<std::uint64_t>(std::max<std::int64_t>(0, partition.high_watermark - partition.log_start_offset));
  }
  if (held >= command.records) return ok();
  return Error(Errc::invalid_argument, "topic " + command.topic + " holds " + grouped(held) + " of the " +
                                           counted(command.records, "record") +
                                           " to read: publish some with leat bench pub, or give --records");
}

}  // namespace

Result<void> bench_sub(const GlobalOptions& global, const Bench& command, BenchResult& result) {
  Client client(client_options(global, "leat bench sub"));
  LEAT_TRY(client.connect());
  Admin admin(client);
  LEAT_TRY(expect_records(admin, command));
  Consumer consumer(client);
  CatchUp catch_up(command.records);
  const Progress progress(!global.quiet, [&catch_up] { return counted(catch_up.records(), "record") + " read"; });
  const auto start = std::chrono::steady_clock::now();
  LEAT_TRY(consumer.subscribe(command.topic, StartPosition::earliest()));
  LEAT_TRY(catch_up.run(consumer));
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.records = catch_up.records();
  result.size_bytes = catch_up.size_bytes();
  return ok();
}

}  // namespace leat::tool
