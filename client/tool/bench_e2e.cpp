#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "client/tool/bench.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/pacer.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/stamp.hpp"
#include "client/tool/text_table.hpp"
#include "leat/consumer.hpp"
#include "protocol/base/random.hpp"

namespace leat::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Receives the run's records and notes how long they took. begin() is the main thread's, the rest runs on the client's.
class Receiver {
 public:
  Receiver(Consumer& consumer, std::uint64_t run, std::uint64_t wanted, LatencyHistogram& latency_ns)
      : consumer_(consumer), run_(run), wanted_(wanted), latency_ns_(latency_ns) {}

  std::future<Result<void>> begin() {
    auto finished = finished_.get_future();
    take_next();
    return finished;
  }

  [[nodiscard]] std::uint64_t received() const { return received_.load(std::memory_order_relaxed); }

 private:
  void take_next() {
    consumer_.async_next([this](Result<RecordBatch> batch) { took(std::move(batch)); });
  }

  void took(Result<RecordBatch> batch) {
    if (batch.has_error()) return finished_.set_value(std::move(batch).error());
    const auto now = SteadyClock::now().time_since_epoch().count();
    std::uint64_t received = received_.load(std::memory_order_relaxed);
    for (const auto& record : *batch) {
      const auto stamp = record.value ? Stamp::read(*record.value) : std::nullopt;
      if (!stamp || stamp->run != run_) continue;
      ++received;
      if (stamp->intended_ns == 0) continue;
      latency_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now - stamp->intended_ns)));
    }
    received_.store(received, std::memory_order_relaxed);
    if (received >= wanted_) return finished_.set_value(ok());
    take_next();
  }

  Consumer& consumer_;
  const std::uint64_t run_;
  const std::uint64_t wanted_;
  LatencyHistogram& latency_ns_;
  std::atomic<std::uint64_t> received_{0};
  std::promise<Result<void>> finished_;
};

/// Publishes stamped records by the timetable. The first `warmup_records` are marked as not to be measured.
class Sender {
 public:
  Sender(const Bench& command, Producer& producer, std::uint64_t run)
      : command_(command), producer_(producer), run_(run), payloads_(command.size_bytes, run) {}

  Result<void> send_all() {
    sharpen_sleep();
    const Pacer pacer(SteadyClock::now(), *command_.rate);
    const std::uint64_t total = command_.warmup_records + command_.records;
    for (std::uint64_t sent = 0; sent < total && !has_failed_.load(std::memory_order_relaxed);) {
      const auto due = std::min(total, pacer.due(SteadyClock::now()));
      if (sent == due) std::this_thread::sleep_until(pacer.intended(sent));
      for (; sent < due; ++sent) LEAT_TRY(send(sent, pacer.intended(sent)));
      if (measured_from_ == SteadyClock::time_point() && sent > command_.warmup_records) {
        measured_from_ = pacer.intended(command_.warmup_records);
      }
    }
    LEAT_TRY(producer_.flush());
    return failed_ ? Result<void>(*failed_) : ok();
  }

  /// When the first record that counts was meant to be sent.
  [[nodiscard]] SteadyClock::time_point measured_from() const { return measured_from_; }

 private:
  Result<void> send(std::uint64_t number, SteadyClock::time_point intended) {
    const auto value = payloads_.value(number);
    Stamp{number < command_.warmup_records ? 0 : intended.time_since_epoch().count(), run_}.write(value);
    OutgoingRecord record;
    record.value = value;
    return producer_.send(command_.topic, record, [this](const Result<Delivery>& delivery) {
      if (delivery.has_value()) return;
      if (!failed_) failed_ = delivery.error();
      has_failed_.store(true, std::memory_order_relaxed);
    });
  }

  const Bench& command_;
  Producer& producer_;
  const std::uint64_t run_;
  Payloads payloads_;
  SteadyClock::time_point measured_from_;
  std::optional<Error> failed_;  ///< the client thread's, then anybody's after flush()
  std::atomic<bool> has_failed_{false};
};

Result<void> follow_from_the_end(Admin& admin, Consumer& consumer, const std::string& topic) {
  LEAT_ASSIGN(const auto found, find_topic(admin, topic, true));
  for (const auto& partition : found.info.partitions) {
    LEAT_TRY(consumer.subscribe(topic, StartPosition::at(partition.high_watermark), {partition.partition}));
  }
  return ok();
}

}  // namespace

Result<void> bench_e2e(const GlobalOptions& global, const Bench& command, BenchResult& result) {
  const std::uint64_t run = SystemRandom().next();
  // The callbacks' state outlives the clients, whose threads call it.
  std::unique_ptr<Sender> sender;
  std::unique_ptr<Receiver> receiver;
  Client sending(client_options(global, "leat bench e2e, sending"));
  Client receiving(client_options(global, "leat bench e2e, receiving"));
  LEAT_TRY(sending.connect());
  LEAT_TRY(receiving.connect());
  Admin admin(receiving);
  Consumer consumer(receiving);
  LEAT_TRY(follow_from_the_end(admin, consumer, command.topic));
  Producer producer(sending, bench_producer_options(command, command.in_flight));

  receiver = std::make_unique<Receiver>(consumer, run, command.warmup_records + command.records, result.latency_ns);
  sender = std::make_unique<Sender>(command, producer, run);
  const Progress progress(!global.quiet, [&receiver] { return counted(receiver->received(), "record") + " received"; });
  auto received = receiver->begin();
  LEAT_TRY(sender->send_all());
  LEAT_TRY(received.get());
  result.seconds = std::chrono::duration<double>(SteadyClock::now() - sender->measured_from()).count();
  result.latency_name = "latency_us";
  result.records = command.records;
  result.size_bytes = static_cast<std::size_t>(command.records) * command.size_bytes;
  return ok();
}

}  // namespace leat::tool
