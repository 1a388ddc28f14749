#pragma once

#include "simulation/simulated_broker.hpp"

namespace leat::simulation {

/// A mixed life of a broker, drawn from a seed: topics come, change and go, producers publish and repeat themselves, the writers
/// and maintenance take turns in any order, the process ends in order or not at all.
class Workload {
 public:
  Workload(SimulatedBroker& broker, std::uint64_t seed, Scale scale) : broker_(broker), random_(seed), scale_(scale) {}

  /// One random thing. Fails when the broker broke a promise. The broker is running.
  Result<void> step();

 private:
  std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }
  std::optional<LogId> any_log();
  std::optional<std::string> any_topic();
  storage::TopicSettings any_settings();
  record::Codec any_codec();

  Result<void> change_topics();
  Result<void> publish();
  Result<void> repeat();
  Result<void> read();
  Result<void> maintain();
  Result<void> restart();

  SimulatedBroker& broker_;
  SeededRandom random_;
  const Scale scale_;
  std::uint64_t topics_created_ = 0;
};

}  // namespace leat::simulation
