#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <thread>

#include "client/tool/bench.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/fan_group.hpp"
#include "client/tool/pacer.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/stamp.hpp"
#include "client/tool/text_table.hpp"
#include "protocol/base/random.hpp"

namespace leat::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// So long may nothing arrive of what was published before the rest is given up.
constexpr std::chrono::seconds kStallMax{30};

/// Publishes stamped records and waits for all of them at all subscribers. Main thread.
class Sender {
 public:
  Sender(const Bench& command, Producer& producer, FanGroup& group, std::uint64_t run)
      : command_(command), producer_(producer), group_(group), run_(run), payloads_(command.size_bytes, run) {}

  /// Not measured: what is in motion at the beginning only.
  Result<void> warm_up() {
    for (std::uint64_t i = 0; i < command_.warmup_records; ++i) LEAT_TRY(send(0));
    return await_all();
  }

  /// At the rate, until all are due.
  Result<void> open_loop() {
    sharpen_sleep();
    const auto records = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(*command_.rate * command_.seconds));
    const Pacer pacer(SteadyClock::now(), *command_.rate);
    for (std::uint64_t sent = 0; sent < records && !has_failed_.load(std::memory_order_relaxed);) {
      const auto due = std::min(records, pacer.due(SteadyClock::now()));
      if (sent == due) std::this_thread::sleep_until(pacer.intended(sent));
      for (; sent < due; ++sent) LEAT_TRY(send(pacer.intended(sent).time_since_epoch().count()));
    }
    return await_all();
  }

  /// As fast as the subscribers take them together, until the time is over.
  Result<void> closed_loop() {
    const auto until = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(seconds());
    while (SteadyClock::now() < until && !has_failed_.load(std::memory_order_relaxed)) {
      LEAT_TRY(send(SteadyClock::now().time_since_epoch().count()));
      // Half of what may be under way is sent at once, so that the subscribers find batches to read.
      if (sent_ <= command_.in_flight || sent_ % std::max<std::uint64_t>(1, command_.in_flight / 2) != 0) continue;
      LEAT_TRY(await((sent_ - command_.in_flight) * command_.subscribers));
    }
    return await_all();
  }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  [[nodiscard]] std::chrono::duration<double> seconds() const { return std::chrono::duration<double>(command_.seconds); }

  Result<void> send(std::int64_t intended_ns) {
    const auto value = payloads_.value(sent_);
    Stamp{intended_ns, run_}.write(value);
    OutgoingRecord record;
    record.value = value;
    LEAT_TRY(producer_.send(command_.topic, record, [this](const Result<Delivery>& delivery) {
      if (delivery.has_value()) return;
      if (!failed_) failed_ = delivery.error();
      has_failed_.store(true, std::memory_order_relaxed);
    }));
    ++sent_;
    return ok();
  }

  Result<void> await_all() {
    LEAT_TRY(producer_.flush());
    if (failed_) return *failed_;
    return await(sent_ * command_.subscribers);
  }

  Result<void> await(std::uint64_t deliveries) {
    while (true) {
      const std::uint64_t before = group_.delivered();
      LEAT_ASSIGN(const bool arrived, group_.wait_for(deliveries, SteadyClock::now() + kStallMax));
      if (arrived) return ok();
      if (group_.delivered() != before) continue;
      return Error(Errc::timed_out, grouped(deliveries - before) + " deliveries did not arrive");
    }
  }

  const Bench& command_;
  Producer& producer_;
  FanGroup& group_;
  const std::uint64_t run_;
  Payloads payloads_;
  std::uint64_t sent_ = 0;
  std::optional<Error> failed_;  ///< the client thread's, then anybody's after flush()
  std::atomic<bool> has_failed_{false};
};

Result<void> hold_idle(const Bench& command, FanGroup& group) {
  constexpr auto kNeverReached = std::numeric_limits<std::uint64_t>::max();
  const auto seconds = std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(command.seconds));
  LEAT_TRY(group.wait_for(kNeverReached, SteadyClock::now() + seconds));
  return ok();
}

Result<void> publish(const GlobalOptions& global, const Bench& command, Client& client, FanGroup& group, std::uint64_t run,
                     BenchResult& result) {
  std::unique_ptr<Sender> sender;  // outlives the producer, whose callbacks are its
  Producer producer(client, bench_producer_options(global, command));
  sender = std::make_unique<Sender>(command, producer, group, run);
  LEAT_TRY(sender->warm_up());
  const auto start = SteadyClock::now();
  LEAT_TRY(command.rate ? sender->open_loop() : sender->closed_loop());
  group.end();
  result.records = sender->sent() - command.warmup_records;
  result.deliveries = group.figures().deliveries;
  result.size_bytes = group.figures().size_bytes;
  result.seconds = std::chrono::duration<double>(group.figures().last - start).count();
  result.latency_ns.add(group.latency_ns());
  result.latency_name = "latency_us";
  return ok();
}

}  // namespace

Result<void> bench_fan(const GlobalOptions& global, const Bench& command, BenchResult& result) {
  LEAT_TRY(allow_descriptors(command.subscribers));
  LEAT_ASSIGN(auto endpoint, client::parse_endpoint(global.server));
  Client client(client_options(global, "leat bench fan"));
  LEAT_TRY(client.connect());
  Admin admin(client);
  LEAT_ASSIGN(auto topic, find_topic(admin, command.topic, true));

  const std::uint64_t run = SystemRandom().next();
  const auto group = std::make_unique<FanGroup>(std::move(endpoint), std::move(topic.info), run);  // too large for the stack
  const Progress progress(!global.quiet, [&group] {
    return counted(group->ready(), "subscriber") + ", " + grouped(group->delivered()) + " deliveries";
  });
  LEAT_TRY(group->begin(command.subscribers));
  result.subscribers = command.subscribers;
  if (command.rate != 0.0) return publish(global, command, client, *group, run, result);
  LEAT_TRY(hold_idle(command, *group));
  result.seconds = command.seconds;
  return ok();
}

}  // namespace leat::tool
