#include <algorithm>
#include <limits>
#include <memory>

#include "bench/load/fan_subscribers.hpp"
#include "bench/load/loads.hpp"
#include "client/tool/pacer.hpp"
#include "client/tool/stamp.hpp"
#include "client/tool/text_table.hpp"
#include "protocol/base/random.hpp"

namespace leat::load {
namespace {

class NoSink final : public AckSink {
 public:
  void acknowledged(Time) override {}
};

/// Publishes stamped records and waits for all of them at all subscribers. Main thread.
class Sender {
 public:
  Sender(const tool::Bench& command, Publisher& publisher, FanSubscribers& subscribers, std::uint64_t run)
      : command_(command), publisher_(publisher), subscribers_(subscribers), run_(run), payloads_(command.size_bytes, run) {}

  /// Not measured: what is in motion at the beginning only.
  Result<void> warm_up() {
    for (std::uint64_t i = 0; i < command_.warmup_records; ++i) LEAT_TRY(send(0));
    return await_all();
  }

  /// At the rate, until all are due.
  Result<void> open_loop() {
    tool::sharpen_sleep();
    const auto records = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(*command_.rate * command_.seconds));
    const tool::Pacer pacer(SteadyClock::now(), *command_.rate);
    for (std::uint64_t sent = 0; sent < records;) {
      const auto due = std::min(records, pacer.due(SteadyClock::now()));
      for (; sent < due; ++sent) LEAT_TRY(send(pacer.intended(sent).time_since_epoch().count()));
      if (sent < records) LEAT_TRY(publisher_.await(std::numeric_limits<std::uint64_t>::max(), pacer.intended(sent)));
    }
    return await_all();
  }

  /// As fast as the subscribers take them together, until the time is over.
  Result<void> closed_loop() {
    const auto until = SteadyClock::now() + seconds();
    while (SteadyClock::now() < until) {
      LEAT_TRY(send(SteadyClock::now().time_since_epoch().count()));
      // Half of what may be under way is sent at once, so that the subscribers find batches to read.
      if (sent_ <= command_.in_flight || sent_ % std::max<std::uint64_t>(1, command_.in_flight / 2) != 0) continue;
      LEAT_TRY(publisher_.await(0, SteadyClock::now()));
      LEAT_TRY(await((sent_ - command_.in_flight) * command_.subscribers));
    }
    return await_all();
  }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  [[nodiscard]] SteadyClock::duration seconds() const {
    return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(command_.seconds));
  }

  Result<void> send(std::int64_t intended_ns) {
    const auto value = payloads_.value(sent_);
    tool::Stamp{intended_ns, run_}.write(value);
    LEAT_TRY(publisher_.send(value, SteadyClock::now()));
    ++sent_;
    return ok();
  }

  Result<void> await_all() {
    LEAT_TRY(publisher_.await(sent_, SteadyClock::now() + kStallMax));
    if (publisher_.acknowledged() < sent_) return Error(Errc::timed_out, "not every record was acknowledged");
    return await(sent_ * command_.subscribers);
  }

  Result<void> await(std::uint64_t deliveries) {
    while (true) {
      const std::uint64_t before = subscribers_.delivered();
      LEAT_ASSIGN(const bool arrived, subscribers_.wait_for(deliveries, SteadyClock::now() + kStallMax));
      if (arrived) return ok();
      if (subscribers_.delivered() != before) continue;
      return Error(Errc::timed_out, tool::grouped(deliveries - before) + " deliveries did not arrive");
    }
  }

  const tool::Bench& command_;
  Publisher& publisher_;
  FanSubscribers& subscribers_;
  const std::uint64_t run_;
  tool::Payloads payloads_;
  std::uint64_t sent_ = 0;
};

Result<void> publish(Peer& peer, const tool::Bench& command, FanSubscribers& subscribers, std::uint64_t run,
                     tool::BenchResult& result) {
  NoSink nobody;
  LEAT_ASSIGN(const auto publisher,
              peer.publisher({.value_bytes = command.size_bytes, .in_flight = command.in_flight, .rate = command.rate}, nobody));
  Sender sender(command, *publisher, subscribers, run);
  LEAT_TRY(sender.warm_up());
  const auto start = SteadyClock::now();
  LEAT_TRY(command.rate ? sender.open_loop() : sender.closed_loop());
  subscribers.end();
  result.records = sender.sent() - command.warmup_records;
  result.deliveries = subscribers.figures().deliveries;
  result.size_bytes = subscribers.figures().size_bytes;
  result.seconds = std::chrono::duration<double>(subscribers.figures().last - start).count();
  result.latency_ns.add(subscribers.latency_ns());
  result.latency_name = "latency_us";
  return ok();
}

}  // namespace

Result<void> fan_load(Peer& peer, const tool::Bench& command, tool::BenchResult& result) {
  LEAT_TRY(tool::allow_descriptors(command.subscribers));
  if (command.subscribers > peer.subscribers_max()) {
    return Error(Errc::limit_reached, "at most " + tool::counted(peer.subscribers_max(), "subscriber") +
                                          " of this broker in one process: its client has threads of its own for each");
  }
  const std::uint64_t run = SystemRandom().next();
  const auto subscribers = std::make_unique<FanSubscribers>(run);  // too large for the stack
  LEAT_TRY(subscribers->begin(peer, command.subscribers));
  result.subscribers = command.subscribers;
  if (command.rate != 0.0) return publish(peer, command, *subscribers, run, result);
  const auto seconds = std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(command.seconds));
  LEAT_TRY(subscribers->wait_for(std::numeric_limits<std::uint64_t>::max(), SteadyClock::now() + seconds));
  result.seconds = command.seconds;
  return ok();
}

}  // namespace leat::load
