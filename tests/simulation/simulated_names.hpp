#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/power_loss.hpp"

namespace leat::simulation {

/// What a name stands for: the number of a file or of a directory, each counted from 0.
struct Node {
  bool is_directory;
  std::size_t number;
  friend bool operator==(const Node&, const Node&) = default;
};

struct Place {
  std::size_t directory;
  std::string name;
};

/// A name given to a new node (`to` alone), moved (both; what was at `to` is replaced) or taken away (`from` alone).
struct NameChange {
  Node node;
  std::optional<Place> from;
  std::optional<Place> to;
};

/// Directories and the names in them; number 0 is the root. Copies share the directories that do not differ and belong to one
/// thread together.
class NameTree {
 public:
  using Names = std::map<std::string, Node, std::less<>>;

  NameTree() { add_directory(); }

  /// A directory without a name yet.
  std::size_t add_directory();
  [[nodiscard]] const Names& names(std::size_t directory) const { return *directories_[directory]; }
  /// Takes the node's old name away wherever it is, so that no draw of changes leaves a file with two names.
  void apply(const NameChange& change);
  /// The numbers of all files that have a name below `directory`.
  [[nodiscard]] std::vector<std::size_t> files(std::size_t directory = 0) const;

 private:
  Names& writable(std::size_t directory);
  bool detach(const Node& node, std::size_t directory, std::string_view name);

  std::vector<std::shared_ptr<Names>> directories_;
};

/// The names as they are now, those that are durable, and the changes between the two in the order they were made.
class SimulatedNames {
 public:
  SimulatedNames() = default;
  /// All durable.
  explicit SimulatedNames(const NameTree& tree) : current_(tree), durable_(tree) {}

  [[nodiscard]] const NameTree& current() const { return current_; }
  std::size_t add_directory();
  void apply(NameChange change);
  /// Makes the changes durable that touch this directory, and the earlier ones which those build on.
  void sync(std::size_t directory);
  /// The changes that sync() would have made durable stay visible and never become so.
  void fail_sync(std::size_t directory) { take_unsynced(directory); }

  [[nodiscard]] NameTree after_power_loss() const { return durable_; }
  /// A draw of the unsynced changes survives, and of `in_flight` unless that is null. Those of one file or directory survive in
  /// the order they were made.
  [[nodiscard]] NameTree after_power_loss(PowerLoss& loss, const NameChange* in_flight) const;

 private:
  std::vector<NameChange> take_unsynced(std::size_t directory);

  NameTree current_;
  NameTree durable_;
  std::vector<NameChange> unsynced_;
};

}  // namespace leat::simulation
