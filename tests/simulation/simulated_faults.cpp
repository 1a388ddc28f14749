// The part of SimulatedDisk that carries out, fails and crashes; its files and names are in simulated_disk.cpp.
#include <algorithm>

#include "protocol/base/assert.hpp"
#include "simulation/simulated_disk.hpp"

namespace leat::simulation {

using storage::Path;

std::string CrashChoice::describe() const {
  switch (kind_) {
    case Kind::lose_everything:
      return "lose_everything_unsynced";
    case Kind::keep_everything:
      return "keep_everything";
    case Kind::random:
      return "random(" + std::to_string(seed_) + ")";
  }
  return {};
}

Result<void> SimulatedDisk::perform(std::string_view name, const Path& path, const Operation& operation) {
  LEAT_ASSERT(in_flight_ == nullptr);  // the hook operated on its own disk
  in_flight_ = &operation;
  if (hook_) hook_(operation_count_, name);
  in_flight_ = nullptr;

  const std::uint64_t index = operation_count_++;
  if (fault_ && (index == fault_->at || (fault_->for_good && index > fault_->at))) {
    std::visit([&](const auto& failing) { fail(failing); }, operation);
    return Error(fault_->code, std::string(name) + " " + path.native() + ": injected fault");
  }
  LEAT_TRY(check_room(name, path, operation));
  std::visit([&](const auto& succeeding) { apply(succeeding); }, operation);
  return ok();
}

void SimulatedDisk::apply(const FileChange& operation) {
  SimulatedContents& contents = writable(operation.file);
  contents.set_modified_ms(clock_ != nullptr ? clock_->wall_ms() : std::numeric_limits<TimestampMs>::max());
  operation.direct_sync ? contents.write_through(operation.change) : contents.apply(operation.change);
}

void SimulatedDisk::fail(const FileChange& operation) {
  if (operation.change.kind == ContentChange::Kind::resize) return;
  PowerLoss loss(operation_count_);
  if (operation.direct_sync) {
    for (const ContentChange& sector : surviving_sectors(operation.change, loss)) writable(operation.file).write_through(sector);
    return;
  }
  ContentChange prefix = operation.change;
  prefix.bytes = prefix.bytes.slice(0, loss.below(prefix.bytes.size() + 1));
  if (!prefix.bytes.empty()) writable(operation.file).apply(prefix);
}

Result<void> SimulatedDisk::check_room(std::string_view name, const Path& path, const Operation& operation) {
  const auto* write = std::get_if<FileChange>(&operation);
  if (!state_.room || write == nullptr || write->change.kind != ContentChange::Kind::write) return ok();
  const ContentChange& change = write->change;
  const PageImage& image = state_.files[write->file]->current();
  std::uint64_t left_bytes = free_bytes();
  std::uint64_t at = change.at;
  while (at < change.end()) {
    if (image.is_hole(at)) {
      if (left_bytes < PageImage::kPageBytes) break;
      left_bytes -= PageImage::kPageBytes;
    }
    at = (at / PageImage::kPageBytes + 1) * PageImage::kPageBytes;
  }
  if (at >= change.end()) return ok();
  if (at > change.at) {
    FileChange fitting = *write;
    fitting.change.bytes = change.bytes.slice(0, at - change.at);
    apply(fitting);
  }
  return Error(Errc::storage_full, std::string(name) + " " + path.native() + ": no space left on the simulated disk");
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::crash(const CrashChoice& choice) const {
  auto found = std::make_unique<SimulatedDisk>();
  switch (choice.kind_) {
    case CrashChoice::Kind::lose_everything:
      found->state_ = after_power_loss(nullptr);
      break;
    case CrashChoice::Kind::keep_everything:
      found->state_ = state_;
      if (in_flight_ != nullptr) found->leave_in_flight_unsynced(*in_flight_);
      break;
    case CrashChoice::Kind::random: {
      PowerLoss loss(choice.seed_);
      found->state_ = after_power_loss(&loss);
      break;
    }
  }
  return found;
}

void SimulatedDisk::leave_in_flight_unsynced(const Operation& operation) {
  if (const auto* change = std::get_if<FileChange>(&operation)) writable(change->file).apply(change->change);
  if (const auto* change = std::get_if<NameChange>(&operation)) state_.names.apply(*change);
}

SimulatedDisk::State SimulatedDisk::after_power_loss(PowerLoss* loss) const {
  const auto* name_in_flight = in_flight_ != nullptr ? std::get_if<NameChange>(in_flight_) : nullptr;
  const auto* write_in_flight = in_flight_ != nullptr ? std::get_if<FileChange>(in_flight_) : nullptr;
  const NameTree tree = loss != nullptr ? state_.names.after_power_loss(*loss, name_in_flight) : state_.names.after_power_loss();

  State found;
  found.names = SimulatedNames(tree);
  found.files.resize(state_.files.size());
  found.room = state_.room;
  for (const std::size_t file : tree.files()) {
    const bool in_flight = write_in_flight != nullptr && write_in_flight->file == file;
    const std::shared_ptr<SimulatedContents>& contents = state_.files[file];
    if (contents->is_durable() && !in_flight) {
      found.files[file] = contents;
    } else if (loss == nullptr) {
      found.files[file] = std::make_shared<SimulatedContents>(contents->after_power_loss());
    } else {
      const ContentChange* change = in_flight ? &write_in_flight->change : nullptr;
      found.files[file] = std::make_shared<SimulatedContents>(contents->after_power_loss(*loss, change));
    }
  }
  return found;
}

void SimulatedDisk::fail_operation(std::uint64_t index, Errc code, bool for_good) {
  fault_ = Fault{operation_count_ + index, code, for_good};
}

void SimulatedDisk::set_space(std::uint64_t free_bytes, std::uint64_t total_bytes) {
  state_.room = Room{used_bytes() + free_bytes, total_bytes};
}

std::uint64_t SimulatedDisk::used_bytes() const {
  std::uint64_t used = 0;
  for (const std::size_t file : state_.names.current().files()) used += state_.files[file]->current().allocated_bytes();
  return used;
}

std::uint64_t SimulatedDisk::free_bytes() const {
  const std::uint64_t used = used_bytes();
  return state_.room->capacity_bytes > used ? state_.room->capacity_bytes - used : 0;
}

SimulatedContents& SimulatedDisk::writable(std::size_t file) {
  std::shared_ptr<SimulatedContents>& contents = state_.files[file];
  if (contents.use_count() != 1) contents = std::make_shared<SimulatedContents>(*contents);
  return *contents;
}

void SimulatedDisk::corrupt(const Path& path, FilePosition at, std::byte mask) {
  const std::optional<Node> node = find(path);
  LEAT_ASSERT(node && !node->is_directory);
  writable(node->number).corrupt(at.value(), mask);
}

std::string SimulatedDisk::dump() const {
  std::string text;
  const auto append = [&](const auto& self, const std::string& prefix, std::size_t directory) -> void {
    for (const auto& [name, node] : state_.names.current().names(directory)) {
      const std::string path = prefix + "/" + name;
      if (node.is_directory) {
        text += path + "/\n";
        self(self, path, node.number);
        continue;
      }
      const SimulatedContents& contents = *state_.files[node.number];
      text += path + " " + std::to_string(contents.current().size());
      if (contents.durable().size() != contents.current().size()) {
        text += " (durable " + std::to_string(contents.durable().size()) + ")";
      }
      text += "\n";
    }
  };
  append(append, "", 0);
  return text;
}

}  // namespace leat::simulation
