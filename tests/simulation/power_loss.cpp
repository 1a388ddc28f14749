#include "simulation/power_loss.hpp"

#include <array>

namespace leat::simulation {

PowerLoss::PowerLoss(std::uint64_t seed) : random_(seed), in_order_(chance(25)) {
  constexpr std::array<unsigned, 3> kPercents{10, 50, 90};
  kept_percent_ = kPercents[below(kPercents.size())];
}

std::vector<Fate> PowerLoss::fates(std::size_t count) {
  std::vector<Fate> fates(count, Fate::lost);
  if (in_order_) {
    const std::size_t kept = below(count + 1);
    for (std::size_t i = 0; i < kept; ++i) fates[i] = Fate::kept;
    if (kept < count) fates[kept] = Fate::torn;
    return fates;
  }
  for (Fate& fate : fates) fate = chance(kept_percent_) ? Fate::kept : chance(50) ? Fate::torn : Fate::lost;
  return fates;
}

}  // namespace leat::simulation
