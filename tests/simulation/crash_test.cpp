#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "simulation/workload.hpp"

namespace leat::simulation {
namespace {

using storage::Store;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kCrashPoints = 8'000;
#else
constexpr std::uint64_t kCrashPoints = 104'000;
#endif
constexpr std::uint64_t kShards = 8;
constexpr int kStepsPerRun = 250;
constexpr std::uint64_t kRandomLosses = 6;  ///< drawn at each operation, beside losing and keeping everything

std::optional<std::uint64_t> from_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : std::optional(std::strtoull(text, nullptr, 10));
}

/// Crashes a broker at each operation of its disk, in every way, and looks at what a start makes of what is left.
class CrashPoints {
 public:
  CrashPoints(SimulatedBroker& broker, std::uint64_t seed) : broker_(broker), random_(seed) {}

  void crash_here() {
    ++operations_;
    check(broker_.disk(), CrashChoice::lose_everything_unsynced(), Crash::power_loss);
    check(broker_.disk(), CrashChoice::keep_everything(), Crash::process_death);
    for (std::uint64_t i = 0; i < kRandomLosses; ++i)
      check(broker_.disk(), CrashChoice::random(random_.next()), Crash::power_loss);
  }

  [[nodiscard]] std::uint64_t checked() const { return checked_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  void check(const SimulatedDisk& disk, const CrashChoice& choice, Crash crash) {
    if (!failure_.empty()) return;
    ++checked_;
    const auto left = disk.crash(choice);
    const auto survived = survives(*left, crash, random_.next() % 12 == 0, random_.next() % 4 == 0);
    if (survived.has_value()) return;
    failure_ = "operation " + std::to_string(operations_) + ", " + choice.describe() + ": " + survived.error().message() + "\n" +
               disk.crash(choice)->dump();
  }

  Result<void> survives(SimulatedDisk& disk, Crash crash, bool crash_again, bool go_on) {
    if (crash_again) disk.on_operation([&](std::uint64_t, std::string_view) { crash_during_recovery(disk, crash); });
    const BrokerModel& model = broker_.model();
    SeededRandom random(random_.next());
    auto opened = Store::open(disk, broker_.clock(), random, broker_.options());
    disk.on_operation(nullptr);
    if (opened.has_error()) return std::move(opened).error();
    LEAT_TRY(check_recovered(**opened, model, broker_.promise(), crash, go_on));
    return go_on ? goes_on(disk, std::move(opened).value()) : ok();
  }

  void crash_during_recovery(const SimulatedDisk& disk, Crash crash) {
    if (random_.next() % 4 != 0 || !failure_.empty()) return;
    const bool power_loss = crash == Crash::power_loss || random_.next() % 2 == 0;
    const auto choice = power_loss ? CrashChoice::random(random_.next()) : CrashChoice::keep_everything();
    ++checked_;
    const auto left = disk.crash(choice);
    const auto survived = survives(*left, power_loss ? Crash::power_loss : Crash::process_death, false, random_.next() % 4 == 0);
    if (survived.has_error())
      failure_ = "operation " + std::to_string(operations_) + ", again during recovery, " + choice.describe() + ": " +
                 survived.error().message();
  }

  /// Producers send again what was not answered, new batches follow, and after an orderly stop all of it is there.
  Result<void> goes_on(SimulatedDisk& disk, std::unique_ptr<Store> store) {
    BrokerModel model = broker_.model();
    LEAT_TRY(resume(*store, model));
    Promise promise;
    for (const storage::Topic& topic : store->topics()) {
      for (const auto& log : topic.logs) {
        LEAT_TRY(drain(*store));
        LEAT_TRY(send(*log, model.logs[log->id()],
                      {model.highest_producer, 0, 2, 100, broker_.clock().wall_ms(), record::Codec::none}));
        promise[log->id()] = {log->next_offset(), log->next_offset(), log->log_start()};
      }
    }
    LEAT_TRY(store->close());
    store.reset();
    SeededRandom random(random_.next());
    LEAT_ASSIGN(const auto reopened, Store::open(disk, broker_.clock(), random, broker_.options()));
    if (reopened->recovery_report().after_crash) return violation("an orderly stop was not recognized");
    return check_recovered(*reopened, model, promise, Crash::power_loss, false);
  }

  SimulatedBroker& broker_;
  SeededRandom random_;
  std::uint64_t operations_ = 0;
  std::uint64_t checked_ = 0;
  std::string failure_;
};

/// One life of a broker, until it ends or a crash point fails.
std::uint64_t live_and_crash(std::uint64_t seed, Scale scale) {
  SimulatedBroker broker(seed, scale);
  CrashPoints points(broker, seed ^ 0x5eed);
  broker.on_operation([&](std::string_view) { points.crash_here(); });
  Workload workload(broker, seed, scale);
  auto lived = broker.start();
  for (int step = 0; step < kStepsPerRun && lived.has_value() && points.failure().empty(); ++step) lived = workload.step();
  broker.on_operation(nullptr);
  if (lived.has_error()) ADD_FAILURE() << lived.error().message();
  if (!points.failure().empty()) ADD_FAILURE() << points.failure();
  return points.checked();
}

class EveryCrashPoint : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EveryCrashPoint, LosesNothingAcknowledgedAndInventsNothing) {
  const std::uint64_t shard = GetParam();
  const std::uint64_t wanted = from_environment("LEAT_SIM_CRASH_POINTS").value_or(kCrashPoints) / kShards;
  const std::uint64_t first_seed = from_environment("LEAT_SIM_SEED").value_or(1 + shard * 1'000'000);
  std::uint64_t checked = 0;
  for (std::uint64_t seed = first_seed; checked < wanted && !HasFailure(); ++seed) {
    checked += live_and_crash(seed, shard == 0 ? Scale::large : Scale::small);
    if (HasFailure()) {
      std::cout << "replay: LEAT_SIM_SEED=" << seed << " LEAT_SIM_CRASH_POINTS=" << kShards
                << " storage_simulation_test --gtest_filter='*EveryCrashPoint*/" << shard << "'\n";
    }
  }
  std::cout << checked << " crash points checked, seeds from " << first_seed << "\n";
  EXPECT_GE(checked, wanted);
}

INSTANTIATE_TEST_SUITE_P(Shards, EveryCrashPoint, testing::Range<std::uint64_t>(0, kShards));

}  // namespace
}  // namespace leat::simulation
