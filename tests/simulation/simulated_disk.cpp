#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <cerrno>

#include "protocol/base/assert.hpp"
#include "simulation/simulated_file.hpp"
#include "storage/io/io_error.hpp"

namespace leat::simulation {

using storage::io_error;
using storage::OpenOptions;
using storage::Path;

namespace {

/// The names of a path; "." stands for nothing and every path begins at the root.
std::vector<std::string> names_of(const Path& path) {
  std::vector<std::string> names;
  for (const Path& part : path.relative_path()) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      names.push_back(part.native());
    } else if (!names.empty()) {
      names.pop_back();
    }
  }
  return names;
}

}  // namespace

class SimulatedLock final : public storage::DirectoryLock {
 public:
  SimulatedLock(const SimulatedDisk& disk, Path path, std::size_t directory)
      : disk_(disk), path_(std::move(path)), locked_(disk.locked_), directory_(directory) {
    locked_->push_back(directory_);
  }
  SimulatedLock(const SimulatedLock&) = delete;
  SimulatedLock& operator=(const SimulatedLock&) = delete;
  ~SimulatedLock() override { std::erase(*locked_, directory_); }

  [[nodiscard]] Result<void> check_place() const override {
    const std::optional<Node> node = disk_.find(path_);
    const bool same = node && node->is_directory && node->number == directory_;
    return same ? ok() : Result<void>(storage::directory_moved(path_));
  }

 private:
  const SimulatedDisk& disk_;
  const Path path_;
  const std::shared_ptr<std::vector<std::size_t>> locked_;
  const std::size_t directory_;
};

Result<std::unique_ptr<storage::File>> SimulatedDisk::open(const Path& path, const OpenOptions& options) {
  std::optional<Node> node = find(path);
  if (node && options.existence == OpenOptions::Existence::must_not_exist) return io_error("open", path, EEXIST);
  if (node && node->is_directory) return io_error("open", path, EISDIR);
  if (!node && options.existence == OpenOptions::Existence::must_exist) return io_error("open", path, ENOENT);
  if (!node) {
    LEAT_ASSIGN(const Place place, place_of("open", path));
    node = Node{false, state_.files.size()};
    state_.files.push_back(std::make_shared<SimulatedContents>());
    LEAT_TRY(perform("create", path, NameChange{*node, std::nullopt, place}));
  }
  return std::unique_ptr<storage::File>(std::make_unique<SimulatedFile>(*this, node->number, path, options));
}

Result<void> SimulatedDisk::rename(const Path& from, const Path& to) {
  const std::string operation = "rename " + from.native() + " to";
  const std::optional<Node> node = find(from);
  if (!node) return io_error(operation, to, ENOENT);
  LEAT_ASSIGN(const Place old_place, place_of(operation, from));
  LEAT_ASSIGN(const Place new_place, place_of(operation, to));
  const std::vector<std::string> from_names = names_of(from);
  const std::vector<std::string> to_names = names_of(to);
  if (from_names == to_names) return ok();
  if (node->is_directory && to_names.size() > from_names.size() &&
      std::equal(from_names.begin(), from_names.end(), to_names.begin())) {
    return io_error(operation, to, EINVAL);
  }
  if (const std::optional<Node> replaced = find(to)) {
    if (replaced->is_directory && !node->is_directory) return io_error(operation, to, EISDIR);
    if (!replaced->is_directory && node->is_directory) return io_error(operation, to, ENOTDIR);
    if (replaced->is_directory && !state_.names.current().names(replaced->number).empty()) {
      return io_error(operation, to, ENOTEMPTY);
    }
  }
  return perform("rename", to, NameChange{*node, old_place, new_place});
}

Result<void> SimulatedDisk::remove_file(const Path& path) {
  const std::optional<Node> node = find(path);
  if (!node) return io_error("remove", path, ENOENT);
  if (node->is_directory) return io_error("remove", path, EISDIR);
  LEAT_ASSIGN(const Place place, place_of("remove", path));
  return remove_node(path, place, *node);
}

Result<void> SimulatedDisk::remove_tree(const Path& path) {
  const std::optional<Node> node = find(path);
  if (!node) return ok();
  LEAT_ASSIGN(const Place place, place_of("remove", path));
  return remove_node(path, place, *node);
}

Result<void> SimulatedDisk::remove_node(const Path& path, const Place& place, const Node& node) {
  if (node.is_directory) {
    const NameTree::Names below = state_.names.current().names(node.number);
    for (const auto& [name, child] : below) LEAT_TRY(remove_node(path / name, {node.number, name}, child));
  }
  return perform("remove", path, NameChange{node, place, std::nullopt});
}

Result<void> SimulatedDisk::create_directories(const Path& path) {
  Path parent("/");
  for (const std::string& name : names_of(path)) {
    LEAT_ASSIGN(const std::size_t directory, directory_at("create directory", parent));
    parent /= name;
    if (find(parent)) continue;
    const Node node{true, state_.names.add_directory()};
    LEAT_TRY(perform("create_directory", parent, NameChange{node, std::nullopt, Place{directory, name}}));
  }
  LEAT_TRY(directory_at("create directory", parent));
  return ok();
}

Result<void> SimulatedDisk::sync_directory(const Path& path) {
  LEAT_ASSIGN(const std::size_t directory, directory_at("sync directory", path));
  return perform("sync_directory", path, DirectorySync{directory});
}

Result<std::vector<storage::DirectoryEntry>> SimulatedDisk::list(const Path& directory) {
  LEAT_ASSIGN(const std::size_t number, directory_at("list", directory));
  std::vector<storage::DirectoryEntry> entries;
  for (const auto& [name, node] : state_.names.current().names(number)) entries.push_back({name, node.is_directory});
  return entries;
}

Result<bool> SimulatedDisk::exists(const Path& path) { return find(path).has_value(); }

Result<storage::Space> SimulatedDisk::space(const Path& path) {
  if (!find(path)) return io_error("statvfs", path, ENOENT);
  constexpr std::uint64_t kUnlimitedBytes = std::uint64_t{1} << 40;
  if (!state_.room) return storage::Space{kUnlimitedBytes, kUnlimitedBytes};
  return storage::Space{free_bytes(), state_.room->total_bytes};
}

Result<std::unique_ptr<storage::DirectoryLock>> SimulatedDisk::lock(const Path& directory) {
  LEAT_ASSIGN(const std::size_t number, directory_at("open", directory));
  if (std::count(locked_->begin(), locked_->end(), number) != 0) {
    return Error(Errc::data_dir_in_use, directory.native() + " is in use");
  }
  LEAT_TRY(open(directory / "LOCK", {.existence = OpenOptions::Existence::either}));
  return std::unique_ptr<storage::DirectoryLock>(std::make_unique<SimulatedLock>(*this, directory, number));
}

std::optional<Node> SimulatedDisk::find(const Path& path) const {
  Node node{true, 0};
  for (const std::string& name : names_of(path)) {
    if (!node.is_directory) return std::nullopt;
    const auto& names = state_.names.current().names(node.number);
    const auto found = names.find(name);
    if (found == names.end()) return std::nullopt;
    node = found->second;
  }
  return node;
}

Result<Place> SimulatedDisk::place_of(std::string_view operation, const Path& path) const {
  std::vector<std::string> names = names_of(path);
  if (names.empty()) return io_error(operation, path, EBUSY);
  Path parent("/");
  for (std::size_t i = 0; i + 1 < names.size(); ++i) parent /= names[i];
  const std::optional<Node> node = find(parent);
  if (!node || !node->is_directory) return io_error(operation, path, node ? ENOTDIR : ENOENT);
  return Place{node->number, std::move(names.back())};
}

Result<std::size_t> SimulatedDisk::directory_at(std::string_view operation, const Path& path) const {
  const std::optional<Node> node = find(path);
  if (!node || !node->is_directory) return io_error(operation, path, node ? ENOTDIR : ENOENT);
  return node->number;
}

}  // namespace leat::simulation
