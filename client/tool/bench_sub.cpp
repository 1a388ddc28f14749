#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

#include "client/tool/bench.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/text_table.hpp"
#include "leat/consumer.hpp"

namespace leat::tool {
namespace {

/// Takes records until there were enough of them, on the client's thread: handing them to another would take longer than reading
/// them. begin() is the main thread's, records() for any.
class CatchUp {
 public:
  explicit CatchUp(std::uint64_t wanted) : wanted_(wanted) {}

  std::future<Result<void>> begin(Consumer& consumer) {
    auto finished = finished_.get_future();
    take_next(consumer);
    return finished;
  }

  [[nodiscard]] std::uint64_t records() const { return records_.load(std::memory_order_relaxed); }
  /// Of the values, when it has finished.
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  void take_next(Consumer& consumer) {
    consumer.async_next([this, &consumer](const Result<RecordBatch>& batch) {
      if (batch.has_error()) return finished_.set_value(batch.error());
      take(*batch);
      if (records() == wanted_) return finished_.set_value(ok());
      take_next(consumer);
    });
  }

  void take(const RecordBatch& batch) {
    const auto taken = std::min<std::uint64_t>(batch.size(), wanted_ - records());
    for (const auto& record : batch.records().first(taken)) {
      if (record.value) size_bytes_ += record.value->size();
    }
    records_.store(records() + taken, std::memory_order_relaxed);
  }

  const std::uint64_t wanted_;
  std::atomic<std::uint64_t> records_{0};
  std::size_t size_bytes_ = 0;
  std::promise<Result<void>> finished_;
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
  CatchUp catch_up(command.records);  // outlives the client whose thread calls it
  Client client(client_options(global, "leat bench sub"));
  LEAT_TRY(client.connect());
  Admin admin(client);
  LEAT_TRY(expect_records(admin, command));
  Consumer consumer(client);
  const Progress progress(!global.quiet, [&catch_up] { return counted(catch_up.records(), "record") + " read"; });
  const auto start = std::chrono::steady_clock::now();
  LEAT_TRY(consumer.subscribe(command.topic, StartPosition::earliest()));
  LEAT_TRY(catch_up.begin(consumer).get());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.records = catch_up.records();
  result.size_bytes = catch_up.size_bytes();
  return ok();
}

}  // namespace leat::tool
