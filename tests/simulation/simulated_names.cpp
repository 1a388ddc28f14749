#include "simulation/simulated_names.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace leat::simulation {

std::size_t NameTree::add_directory() {
  directories_.push_back(std::make_shared<Names>());
  return directories_.size() - 1;
}

void NameTree::apply(const NameChange& change) {
  if (change.from && !detach(change.node, change.from->directory, change.from->name)) {
    for (std::size_t directory = 0; directory < directories_.size(); ++directory) {
      const auto& all = names(directory);
      const auto found = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.second == change.node; });
      if (found != all.end() && detach(change.node, directory, std::string(found->first))) break;
    }
  }
  if (change.to) writable(change.to->directory)[change.to->name] = change.node;
}

std::vector<std::size_t> NameTree::files(std::size_t directory) const {
  std::vector<std::size_t> files;
  std::vector<std::size_t> pending{directory};
  while (!pending.empty()) {
    const Names& here = names(pending.back());
    pending.pop_back();
    for (const auto& [name, node] : here) (node.is_directory ? pending : files).push_back(node.number);
  }
  return files;
}

NameTree::Names& NameTree::writable(std::size_t directory) {
  std::shared_ptr<Names>& names = directories_[directory];
  if (names.use_count() != 1) names = std::make_shared<Names>(*names);
  return *names;
}

bool NameTree::detach(const Node& node, std::size_t directory, std::string_view name) {
  const auto found = names(directory).find(name);
  if (found == names(directory).end() || found->second != node) return false;
  Names& changed = writable(directory);
  changed.erase(changed.find(name));
  return true;
}

std::size_t SimulatedNames::add_directory() {
  durable_.add_directory();
  return current_.add_directory();
}

void SimulatedNames::apply(NameChange change) {
  current_.apply(change);
  unsynced_.push_back(std::move(change));
}

void SimulatedNames::sync(std::size_t directory) {
  for (const NameChange& change : take_unsynced(directory)) durable_.apply(change);
}

std::vector<NameChange> SimulatedNames::take_unsynced(std::size_t directory) {
  // Backwards, as a move between two directories drags along what happened in the other one before.
  std::set<std::size_t> directories{directory};
  std::vector<NameChange> taken;
  std::vector<NameChange> left;
  for (auto change = unsynced_.rbegin(); change != unsynced_.rend(); ++change) {
    const auto touches = [&](const std::optional<Place>& place) { return place && directories.count(place->directory) != 0; };
    if (!touches(change->from) && !touches(change->to)) {
      left.push_back(std::move(*change));
      continue;
    }
    for (const auto& place : {change->from, change->to}) {
      if (place) directories.insert(place->directory);
    }
    taken.push_back(std::move(*change));
  }
  std::reverse(taken.begin(), taken.end());
  unsynced_.assign(std::make_move_iterator(left.rbegin()), std::make_move_iterator(left.rend()));
  return taken;
}

NameTree SimulatedNames::after_power_loss(PowerLoss& loss, const NameChange* in_flight) const {
  std::vector<const NameChange*> changes;
  for (const NameChange& change : unsynced_) changes.push_back(&change);
  if (in_flight != nullptr) changes.push_back(in_flight);

  std::vector<Fate> fates = loss.fates(changes.size());
  for (std::size_t later = fates.size(); later-- > 0;) {
    for (std::size_t earlier = 0; fates[later] == Fate::kept && earlier < later; ++earlier) {
      if (changes[earlier]->node == changes[later]->node) fates[earlier] = Fate::kept;
    }
  }
  NameTree tree = durable_;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (fates[i] == Fate::kept) tree.apply(*changes[i]);
  }
  return tree;
}

}  // namespace leat::simulation
