#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "bench/load/loads.hpp"
#include "client/tool/pacer.hpp"
#include "client/tool/stamp.hpp"
#include "client/tool/text_table.hpp"
#include "protocol/base/random.hpp"

namespace leat::load {
namespace {

/// Receives the run's records and notes how long they took. run() is a thread's; the main thread may call stop().
class Receiver final : private ValueSink {
 public:
  Receiver(Subscriber& subscriber, std::uint64_t run, std::uint64_t wanted, tool::LatencyHistogram& latency_ns)
      : subscriber_(subscriber), run_(run), wanted_(wanted), latency_ns_(latency_ns) {}

  Result<void> run() {
    Time last = SteadyClock::now();
    while (received_ < wanted_ && !stopped_.load(std::memory_order_relaxed)) {
      const std::uint64_t before = received_;
      LEAT_TRY(subscriber_.receive(*this));
      const auto now = SteadyClock::now();
      if (received_ != before) {
        last = now;
      } else if (now - last > kStallMax) {
        return Error(Errc::timed_out, tool::counted(wanted_ - received_, "record") + " did not arrive");
      }
      if (received_ < wanted_) LEAT_TRY(wait_readable(subscriber_.fd(), std::chrono::milliseconds(100)));
    }
    return ok();
  }

  void stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  void take(ByteSpan value) override {
    const auto stamp = tool::Stamp::read(value);
    if (!stamp || stamp->run != run_) return;
    ++received_;
    if (stamp->intended_ns == 0) return;
    const auto now = SteadyClock::now().time_since_epoch().count();
    latency_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now - stamp->intended_ns)));
  }

  Subscriber& subscriber_;
  const std::uint64_t run_;
  const std::uint64_t wanted_;
  tool::LatencyHistogram& latency_ns_;
  std::uint64_t received_ = 0;
  std::atomic<bool> stopped_{false};
};

class NoSink final : public AckSink {
 public:
  void acknowledged(Time) override {}
};

/// Publishes stamped records by the timetable, the first of them marked as not to be measured; returns when the first that counts
/// was meant to be sent.
Result<Time> send_all(Publisher& publisher, const tool::Bench& command, std::uint64_t run) {
  tool::sharpen_sleep();
  tool::Payloads payloads(command.size_bytes, run);
  const tool::Pacer pacer(SteadyClock::now(), *command.rate);
  const std::uint64_t total = command.warmup_records + command.records;
  for (std::uint64_t sent = 0; sent < total;) {
    const auto due = std::min(total, pacer.due(SteadyClock::now()));
    for (; sent < due; ++sent) {
      const auto value = payloads.value(sent);
      const auto intended = pacer.intended(sent);
      tool::Stamp{sent < command.warmup_records ? 0 : intended.time_since_epoch().count(), run}.write(value);
      LEAT_TRY(publisher.send(value, intended));
    }
    if (sent < total) LEAT_TRY(publisher.await(std::numeric_limits<std::uint64_t>::max(), pacer.intended(sent)));
  }
  LEAT_TRY(publisher.await(total, SteadyClock::now() + kStallMax));
  if (publisher.acknowledged() < total) return Error(Errc::timed_out, "not every record was acknowledged");
  return pacer.intended(command.warmup_records);
}

}  // namespace

Result<void> e2e_load(Peer& peer, const tool::Bench& command, std::optional<double> linger_ms, tool::BenchResult& result) {
  const std::uint64_t run = SystemRandom().next();
  NoSink nobody;
  LEAT_ASSIGN(const auto subscriber, peer.subscriber());
  LEAT_TRY(subscriber->begin(From::end));
  PublisherSettings settings{.value_bytes = command.size_bytes, .in_flight = command.in_flight, .rate = command.rate};
  settings.linger_ms = linger_ms;
  LEAT_ASSIGN(const auto publisher, peer.publisher(settings, nobody));

  Receiver receiver(*subscriber, run, command.warmup_records + command.records, result.latency_ns);
  Result<void> received = ok();
  Time ended;
  std::thread receiving([&] {
    received = receiver.run();
    ended = SteadyClock::now();
  });
  const auto measured_from = send_all(*publisher, command, run);
  if (measured_from.has_error()) receiver.stop();
  receiving.join();
  LEAT_TRY(received);
  if (measured_from.has_error()) return measured_from.error();
  result.seconds = std::chrono::duration<double>(ended - *measured_from).count();
  result.latency_name = "latency_us";
  result.records = command.records;
  result.size_bytes = static_cast<std::size_t>(command.records) * command.size_bytes;
  return ok();
}

}  // namespace leat::load
