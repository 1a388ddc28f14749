#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "bench/load/loads.hpp"
#include "client/tool/pacer.hpp"

namespace leat::load {
namespace {

std::uint64_t ns_since(Time start) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, (SteadyClock::now() - start).count()));
}

/// One connection that publishes. One thread at a time.
class Load final : private AckSink {
 public:
  Load(const tool::Bench& command, std::uint32_t number)
      : command_(command), payloads_(command.size_bytes, number + 1), wake_after_(command.in_flight - command.in_flight / 2) {}

  /// Connects and publishes what is not counted.
  Result<void> prepare(Peer& peer, std::optional<double> linger_ms, std::uint64_t records) {
    PublisherSettings settings{.value_bytes = command_.size_bytes, .in_flight = command_.in_flight};
    settings.spread = command_.spread;
    settings.linger_ms = linger_ms;
    if (command_.rate) settings.rate = *command_.rate / command_.producers;
    LEAT_ASSIGN(publisher_, peer.publisher(settings, *this));
    LEAT_TRY(closed_loop(records));
    is_measured_ = true;
    return ok();
  }

  /// Publishes the records that count and waits for them.
  Result<void> load(std::uint64_t records, Time start) {
    if (!command_.rate) return closed_loop(records);
    return open_loop(records, tool::Pacer(start, *command_.rate / command_.producers));
  }

  [[nodiscard]] const tool::LatencyHistogram& latency_ns() const { return latency_ns_; }

 private:
  /// At the bound it waits until half of what is under way is acknowledged, as `leat bench` does.
  Result<void> closed_loop(std::uint64_t records) {
    for (std::uint64_t i = 0; i < records; ++i) {
      if (sent_ - publisher_->acknowledged() >= command_.in_flight) {
        LEAT_TRY(await(sent_ - command_.in_flight + wake_after_));
      }
      LEAT_TRY(send(i, tool::is_timed(command_, i) ? SteadyClock::now() : Time()));
    }
    return await(sent_);
  }

  Result<void> open_loop(std::uint64_t records, const tool::Pacer& pacer) {
    tool::sharpen_sleep();
    for (std::uint64_t sent = 0; sent < records;) {
      const auto due = std::min(records, pacer.due(SteadyClock::now()));
      for (; sent < due; ++sent) LEAT_TRY(send(sent, pacer.intended(sent)));
      if (sent < records) LEAT_TRY(publisher_->await(std::numeric_limits<std::uint64_t>::max(), pacer.intended(sent)));
    }
    return await(sent_);
  }

  Result<void> send(std::uint64_t number, Time intended) {
    ++sent_;
    return publisher_->send(payloads_.value(number), intended);
  }

  Result<void> await(std::uint64_t acknowledged) {
    while (publisher_->acknowledged() < acknowledged) {
      const std::uint64_t before = publisher_->acknowledged();
      LEAT_TRY(publisher_->await(acknowledged, SteadyClock::now() + kStallMax));
      if (publisher_->acknowledged() == before) return Error(Errc::timed_out, "no acknowledgement arrives");
    }
    return ok();
  }

  void acknowledged(Time intended) override {
    if (is_measured_ && intended != Time()) latency_ns_.record(ns_since(intended));
  }

  const tool::Bench& command_;
  tool::Payloads payloads_;
  const std::uint64_t wake_after_;
  std::uint64_t sent_ = 0;
  bool is_measured_ = false;
  tool::LatencyHistogram latency_ns_;
  std::unique_ptr<Publisher> publisher_;
};

}  // namespace

Result<void> pub_load(Peer& peer, const tool::Bench& command, std::optional<double> linger_ms, tool::BenchResult& result) {
  const auto share = [&command](std::uint64_t records, std::uint32_t number) {
    return tool::share_of(records, command.producers, number);
  };
  std::vector<std::unique_ptr<Load>> loads;
  for (std::uint32_t i = 0; i < command.producers; ++i) {
    loads.push_back(std::make_unique<Load>(command, i));
    LEAT_TRY(loads.back()->prepare(peer, linger_ms, share(command.warmup_records, i)));
  }
  const auto start = SteadyClock::now();
  // Open loops take turns, so that their records are spread evenly.
  const std::chrono::nanoseconds turn(command.rate ? static_cast<std::int64_t>(1e9 / *command.rate) : 0);
  std::vector<Result<void>> outcomes(command.producers, ok());
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < command.producers; ++i) {
    threads.emplace_back([&, i] { outcomes[i] = loads[i]->load(share(command.records, i), start + i * turn); });
  }
  for (auto& thread : threads) thread.join();
  result.seconds = static_cast<double>(ns_since(start)) / 1e9;
  for (auto& outcome : outcomes) LEAT_TRY(std::move(outcome));
  for (const auto& load : loads) result.latency_ns.add(load->latency_ns());
  result.latency_name = "ack_us";
  result.records = command.records;
  result.size_bytes = static_cast<std::size_t>(command.records) * command.size_bytes;
  return ok();
}

}  // namespace leat::load
