#include "simulation/simulated_contents.hpp"

#include <algorithm>

#include "protocol/base/assert.hpp"

namespace leat::simulation {
namespace {

using Kind = ContentChange::Kind;

constexpr std::uint64_t kSectorBytes = 512;

void apply_to(PageImage& image, const ContentChange& change) {
  switch (change.kind) {
    case Kind::write:
      image.write(change.at, change.bytes.span());
      break;
    case Kind::resize:
      image.resize(change.at);
      break;
  }
}

ContentChange part_of(const ContentChange& write, std::uint64_t from, std::uint64_t to) {
  return {Kind::write, from, write.bytes.slice(from - write.at, to - from)};
}

/// A file's new size may reach the disk with or without the data that made it grow, and the other way round.
void survive(PageImage& image, const ContentChange& change, Fate fate, PowerLoss& loss) {
  if (change.kind == Kind::resize) {
    if (fate != Fate::lost) image.resize(change.at);
    return;
  }
  if (fate == Fate::kept) return apply_to(image, change);
  if (change.end() > image.size() && loss.chance(fate == Fate::torn ? 50 : 25)) image.resize(change.end());
  if (fate == Fate::lost) return;
  for (const ContentChange& sector : surviving_sectors(change, loss)) {
    const std::uint64_t end = std::min(sector.end(), image.size());
    if (sector.at < end) apply_to(image, part_of(sector, sector.at, end));
  }
}

}  // namespace

std::vector<ContentChange> surviving_sectors(const ContentChange& write, PowerLoss& loss) {
  std::vector<ContentChange> sectors;
  for (std::uint64_t from = write.at; from < write.end();) {
    const std::uint64_t to = std::min(write.end(), (from / kSectorBytes + 1) * kSectorBytes);
    sectors.push_back(part_of(write, from, to));
    from = to;
  }
  const auto cut = sectors.begin() + static_cast<std::ptrdiff_t>(loss.below(sectors.size() + 1));
  switch (loss.below(3)) {
    case 0:
      sectors.erase(cut, sectors.end());
      break;
    case 1:
      sectors.erase(sectors.begin(), cut);
      break;
    default:
      std::erase_if(sectors, [&](const ContentChange&) { return loss.chance(50); });
      break;
  }
  return sectors;
}

void SimulatedContents::apply(ContentChange change) {
  apply_to(current_, change);
  unsynced_.push_back(std::move(change));
}

void SimulatedContents::write_through(const ContentChange& write) {
  const auto last_resize =
      std::find_if(unsynced_.rbegin(), unsynced_.rend(), [](const auto& change) { return change.kind == Kind::resize; }).base();
  std::for_each(unsynced_.begin(), last_resize, [&](const auto& change) { apply_to(durable_, change); });
  unsynced_.erase(unsynced_.begin(), last_resize);

  std::vector<ContentChange> beside;
  for (const ContentChange& earlier : unsynced_) {
    if (earlier.at < write.at) beside.push_back(part_of(earlier, earlier.at, std::min(earlier.end(), write.at)));
    if (earlier.end() > write.end()) beside.push_back(part_of(earlier, std::max(earlier.at, write.end()), earlier.end()));
  }
  unsynced_ = std::move(beside);
  apply_to(current_, write);
  apply_to(durable_, write);
}

void SimulatedContents::sync() {
  for (const ContentChange& change : unsynced_) apply_to(durable_, change);
  unsynced_.clear();
}

void SimulatedContents::fail_sync() {
  diverged_ = diverged_ || !unsynced_.empty();
  unsynced_.clear();
}

void SimulatedContents::corrupt(std::uint64_t at, std::byte mask) {
  LEAT_ASSERT(at < current_.size());
  for (PageImage* image : {&current_, &durable_}) {
    std::byte byte{};
    if (image->read(at, {&byte, 1}) == 0) continue;
    byte ^= mask;
    image->write(at, {&byte, 1});
  }
}

PageImage SimulatedContents::after_power_loss(PowerLoss& loss, const ContentChange* in_flight) const {
  PageImage image = durable_;
  const std::vector<Fate> fates = loss.fates(unsynced_.size() + (in_flight != nullptr ? 1 : 0));
  for (std::size_t i = 0; i < fates.size(); ++i) {
    survive(image, i < unsynced_.size() ? unsynced_[i] : *in_flight, fates[i], loss);
  }
  return image;
}

}  // namespace leat::simulation
