#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>

#include "client/tool/bench.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/pacer.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/punctual_timer.hpp"
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
    std::uint64_t received = received_.load(std::memory_order_relaxed);
    for (const auto& record : *batch) {
      const auto stamp = record.value ? Stamp::read(*record.value) : std::nullopt;
      if (!stamp || stamp->run != run_) continue;
      ++received;
      if (stamp->intended_ns == 0) continue;
      const auto now = SteadyClock::now().time_since_epoch().count();
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

/// Publishes stamped records by the timetable, all on the thread that calls it: handing each record to another thread would cost
/// more time than the broker takes. The first `warmup_records` are marked as not to be measured.
class Sender {
 public:
  Sender(const GlobalOptions& global, const Bench& command, std::uint64_t run)
      : command_(command),
        run_(run),
        payloads_(command.size_bytes, run),
        client_(io_.get_executor(), client_options(global, "leat bench e2e, sending")),
        producer_(client_, bench_producer_options(global, command)),
        timer_(io_) {}

  Result<void> connect() {
    return finish([this](auto done) {
      client_.async_connect(
          [done](const Result<ServerInfo>& info) { done(info.has_error() ? Result<void>(info.error()) : ok()); });
    });
  }

  Result<void> send_all() {
    sharpen_sleep();
    pacer_.emplace(SteadyClock::now(), *command_.rate);
    measured_from_ = pacer_->intended(command_.warmup_records);
    LEAT_TRY(finish([this](auto handler) {
      sent_all_ = std::move(handler);
      sleep_until(pacer_->intended(0));
    }));
    LEAT_TRY(finish([this](auto handler) { producer_.async_flush(std::move(handler)); }));
    return failed_ ? Result<void>(*failed_) : ok();
  }

  /// When the first record that counts was meant to be sent.
  [[nodiscard]] SteadyClock::time_point measured_from() const { return measured_from_; }

 private:
  /// Runs the client until what `start` begins has completed.
  template <class Start>
  Result<void> finish(Start start) {
    std::optional<Result<void>> outcome;
    start([&outcome](Result<void> result) { outcome = std::move(result); });
    io_.restart();
    while (!outcome && io_.run_one() > 0) {
    }
    return outcome ? std::move(*outcome) : Result<void>(Error(Errc::closed));
  }

  void go_on() {
    auto more = send_due();
    if (more.has_error() || !*more) return sent_all_(more.has_error() ? Result<void>(more.error()) : ok());
    // Behind the sending: on a virtual machine a timer takes longer to set than a record to send.
    boost::asio::post(io_, [this, next = **more] { sleep_until(next); });
  }

  void sleep_until(SteadyClock::time_point time) {
    if (time <= SteadyClock::now()) return go_on();
    timer_.async_wait_until(time, [this] { go_on(); });
  }

  /// Sends everything whose time has come. The result is when to go on; null when that was the last.
  Result<std::optional<SteadyClock::time_point>> send_due() {
    const std::uint64_t total = command_.warmup_records + command_.records;
    for (const auto due = std::min(total, pacer_->due(SteadyClock::now())); sent_ < due && !failed_; ++sent_) {
      auto sent = send(sent_, pacer_->intended(sent_));
      if (sent.has_value()) continue;
      if (sent.error().code != Errc::would_block) return std::move(sent).error();
      return SteadyClock::now() + kFullRetryInterval;
    }
    if (sent_ == total || failed_) return std::nullopt;
    return pacer_->intended(sent_);
  }

  Result<void> send(std::uint64_t number, SteadyClock::time_point intended) {
    const auto value = payloads_.value(number);
    Stamp{number < command_.warmup_records ? 0 : intended.time_since_epoch().count(), run_}.write(value);
    OutgoingRecord record;
    record.value = value;
    return producer_.try_send(command_.topic, record, [this](const Result<Delivery>& delivery) {
      if (delivery.has_error() && !failed_) failed_ = delivery.error();
    });
  }

  /// How soon a record is tried again that the producer's buffer had no room for.
  static constexpr std::chrono::microseconds kFullRetryInterval{100};

  const Bench& command_;
  const std::uint64_t run_;
  Payloads payloads_;
  std::optional<Pacer> pacer_;
  std::uint64_t sent_ = 0;
  SteadyClock::time_point measured_from_;
  std::optional<Error> failed_;
  std::function<void(Result<void>)> sent_all_;
  boost::asio::io_context io_{1};
  Client client_;
  Producer producer_;
  PunctualTimer timer_;
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
  // The callbacks' state outlives the client whose thread calls it.
  std::unique_ptr<Receiver> receiver;
  Client receiving(client_options(global, "leat bench e2e, receiving"));
  Sender sender(global, command, run);
  LEAT_TRY(sender.connect());
  LEAT_TRY(receiving.connect());
  Admin admin(receiving);
  Consumer consumer(receiving);
  LEAT_TRY(follow_from_the_end(admin, consumer, command.topic));

  receiver = std::make_unique<Receiver>(consumer, run, command.warmup_records + command.records, result.latency_ns);
  const Progress progress(!global.quiet, [&receiver] { return counted(receiver->received(), "record") + " received"; });
  auto received = receiver->begin();
  LEAT_TRY(sender.send_all());
  LEAT_TRY(received.get());
  result.seconds = std::chrono::duration<double>(SteadyClock::now() - sender.measured_from()).count();
  result.latency_name = "latency_us";
  result.records = command.records;
  result.size_bytes = static_cast<std::size_t>(command.records) * command.size_bytes;
  return ok();
}

}  // namespace leat::tool
