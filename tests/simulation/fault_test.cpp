#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "simulation/workload.hpp"

namespace leat::simulation {
namespace {

using storage::Store;

constexpr std::array<std::uint64_t, 3> kSeeds{7, 8, 9};
constexpr int kSteps = 160;
constexpr int kStepsAfterFailure = 40;
constexpr std::uint64_t kRandomLosses = 3;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kStride = 7;  ///< between the operations that fail
#else
constexpr std::uint64_t kStride = 1;
#endif

struct Fault {
  const char* name;
  Errc code;
  bool for_good;
};

Result<void> start_on(SimulatedDisk& disk, const SimulatedBroker& broker, Crash crash) {
  SeededRandom random(disk.operation_count() + 99);
  LEAT_ASSIGN(const auto store, Store::open(disk, broker.clock(), random, broker.options()));
  LEAT_TRY(check_recovered(*store, broker.model(), broker.promise(), crash, true));
  BrokerModel model = broker.model();
  return resume(*store, model);
}

/// The machine goes down and comes up again, with every loss.
Result<void> reboot(const SimulatedDisk& disk, const SimulatedBroker& broker) {
  LEAT_TRY(start_on(*disk.crash(CrashChoice::lose_everything_unsynced()), broker, Crash::power_loss));
  for (std::uint64_t seed = 0; seed < kRandomLosses; ++seed)
    LEAT_TRY(start_on(*disk.crash(CrashChoice::random(seed)), broker, Crash::power_loss));
  return start_on(*disk.crash(CrashChoice::keep_everything()), broker, Crash::process_death);
}

/// Only the process starts anew, on what the page cache says; then the machine goes down. A sync that failed once must not make
/// later ones count for more than they are.
Result<void> restart_then_reboot(SimulatedBroker& broker) {
  broker.crash(CrashChoice::keep_everything(), Crash::process_death);
  LEAT_TRY(broker.start());
  for (const LogId log : broker.logs()) LEAT_TRY(broker.publish(log, 0, 1, 50, record::Codec::none));
  LEAT_TRY(broker.drain());
  return reboot(broker.disk(), broker);
}

/// After a failure that stopped the store: what can be read still can, nothing more is accepted.
Result<void> check_stopped(SimulatedBroker& broker) {
  if (!broker.running() || !broker.store().queue().failed()) return ok();
  for (const LogId log : broker.logs()) LEAT_TRY(broker.read_back(log, false));
  return ok();
}

class FaultAtEveryOperation : public testing::TestWithParam<Fault> {
 protected:
  /// A whole life in which one operation fails, or all from that one on. False when the life has fewer operations.
  Result<bool> live_with_fault_at(std::uint64_t operation, std::uint64_t seed) {
    SimulatedBroker broker(seed);
    const auto lived = live_with_fault_at(operation, broker, seed);
    if (lived.has_value() || !broker.last_fault()) return lived;
    return Error(lived.error().code, lived.error().context + ", after " + broker.last_fault()->message());
  }

 private:
  Result<bool> live_with_fault_at(std::uint64_t operation, SimulatedBroker& broker, std::uint64_t seed) {
    broker.expect_faults();
    std::uint64_t operations = 0;
    bool names_lost = false;
    broker.on_operation([&](std::string_view name) {
      const bool fails = operations == operation || (GetParam().for_good && operations > operation);
      if (fails) broker.disk().fail_operation(0, GetParam().code, false);
      if (fails && name == "sync_directory") {
        // A directory that failed to sync and syncs later is one thing that no start can repair. File systems do not go on after
        // it.
        names_lost = true;
        broker.stay_down();
      }
      ++operations;
    });
    LEAT_TRY(broker.start());
    Workload workload(broker, seed, Scale::small);
    for (int steps_left = kSteps; steps_left > 0 && broker.running() && !names_lost; --steps_left) {
      LEAT_TRY(workload.step());
      LEAT_TRY(check_stopped(broker));
      if (broker.running() && broker.store().queue().failed()) steps_left = std::min(steps_left, kStepsAfterFailure);
    }
    broker.on_operation(nullptr);
    LEAT_TRY(reboot(broker.disk(), broker));
    if (!names_lost) LEAT_TRY(restart_then_reboot(broker));
    return operations > operation;
  }
};

TEST_P(FaultAtEveryOperation, IsACleanErrorAndLosesNothingAcknowledged) {
  for (const std::uint64_t seed : kSeeds) {
    std::uint64_t operation = 0;
    for (bool reached = true; reached; operation += kStride) {
      const auto lived = live_with_fault_at(operation, seed);
      if (lived.has_error()) {
        ADD_FAILURE() << "seed " << seed << ", operation " << operation << ": " << lived.error().message();
        return;
      }
      reached = *lived;
    }
    EXPECT_GT(operation, 300U);
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultAtEveryOperation,
                         testing::Values(Fault{"IoErrorOnce", Errc::io_error, false},
                                         Fault{"IoErrorForGood", Errc::io_error, true},
                                         Fault{"StorageFullOnce", Errc::storage_full, false},
                                         Fault{"StorageFullForGood", Errc::storage_full, true}),
                         [](const auto& fault) { return std::string(fault.param.name); });

// --- a disk that fills up and is emptied again

class FullDisk : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint64_t kPlentyBytes = 1U << 30;

  Result<void> live(int steps) {
    for (int step = 0; step < steps && broker_.running(); ++step) LEAT_TRY(workload_.step());
    return ok();
  }
  void make_room() { broker_.disk().set_space(kPlentyBytes, kPlentyBytes); }
  /// No room for anything but what a few pages take; a start may fail then and succeeds later.
  Result<void> fill_up_and_empty(std::uint64_t free_bytes) {
    broker_.disk().set_space(free_bytes, kPlentyBytes);
    LEAT_TRY(live(120));
    make_room();
    return broker_.running() ? ok() : broker_.start();
  }
  Result<void> expect_business_as_usual() {
    if (broker_.store().queue().failed()) return violation("a full disk has stopped the store for good");
    LEAT_TRY(broker_.drain());
    for (const LogId log : broker_.logs()) LEAT_TRY(broker_.publish(log, 0, 1, 50, record::Codec::none));
    LEAT_TRY(broker_.drain());
    LEAT_TRY(broker_.checkpoint());
    return reboot(broker_.disk(), broker_);
  }

  SimulatedBroker broker_{GetParam()};
  Workload workload_{broker_, GetParam(), Scale::small};
};

TEST_P(FullDisk, RefusesAndLaterGoesOnWithNothingLost) {
  broker_.expect_faults();
  auto lived = broker_.start();
  if (lived.has_value()) lived = live(60);
  for (const std::uint64_t pages : {0U, 1U, 3U, 10U}) {
    if (lived.has_value()) lived = fill_up_and_empty(pages * PageImage::kPageBytes);
    if (lived.has_value()) lived = expect_business_as_usual();
  }
  EXPECT_TRUE(lived.has_value()) << (lived.has_error() ? lived.error().message() : "");
  EXPECT_TRUE(broker_.last_fault());
}

INSTANTIATE_TEST_SUITE_P(Seeds, FullDisk, testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace leat::simulation
