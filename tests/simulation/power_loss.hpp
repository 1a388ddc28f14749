#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/random.hpp"

namespace leat::simulation {

/// What becomes of one change that was not durable when the power failed.
enum class Fate { lost, torn, kept };

/// Draws, repeatably from a seed, what a power loss spares. Each one either spares a prefix of what was written, as a disk that
/// keeps the order does, or anything, with few, half or most of the changes surviving.
class PowerLoss {
 public:
  explicit PowerLoss(std::uint64_t seed);

  /// One for each of `count` changes, in the order in which they were made.
  std::vector<Fate> fates(std::size_t count);
  bool chance(unsigned percent) { return below(100) < percent; }
  /// From 0 to limit - 1.
  std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }

 private:
  SeededRandom random_;
  bool in_order_;
  unsigned kept_percent_;
};

}  // namespace leat::simulation
