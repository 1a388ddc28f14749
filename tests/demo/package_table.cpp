#include "package_table.hpp"

#include <array>

namespace leat::demo {
namespace {

constexpr std::size_t kFields = 6;

/// date time action argument..., by single blanks; what is not there is empty.
std::array<std::string_view, kFields> split(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::string_view& field : fields) {
    field = line.substr(0, line.find(' '));
    line.remove_prefix(field.size());
    if (!line.empty()) line.remove_prefix(1);
  }
  return fields;
}

std::string_view name_of(std::string_view package) { return package.substr(0, package.find(':')); }

bool is_vacant(std::string_view status) {
  return status.empty() || status == "not-installed" || status == "config-files" || status == "half-installed";
}

}  // namespace

void PackageTable::apply(std::string_view line) {
  const auto [date, time, action, first, second, third] = split(line);
  if (action == "status") {
    apply_status(first, second, third);
  } else if (action == "install" || action == "upgrade") {
    entries_[std::string(first)].wanted_version = third;
  }
}

void PackageTable::apply_status(std::string_view status, std::string_view package, std::string_view version) {
  if (package.empty()) return;
  Entry& entry = entries_[std::string(package)];
  if (status == "unpacked" && is_vacant(entry.last.status) && entry.wanted_version != version) entry.arrived_version = version;
  entry.last.status = status;
  entry.last.version = version == "<none>" ? std::string_view() : version;
}

// When an upgrade changes a package's architecture, dpkg logs "upgrade p:amd64 1 2", "half-installed p:amd64 1", and goes on with
// "unpacked p:all 2": it never says that p:amd64 is gone.
bool PackageTable::is_replaced(const std::string& package, const Entry& entry) const {
  if (entry.last.status != "half-installed") return false;
  const std::string prefix = std::string(name_of(package)) + ':';
  for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix); ++it) {
    if (it->first != package && it->second.arrived_version == entry.wanted_version) return true;
  }
  return false;
}

std::map<std::string, PackageState> PackageTable::packages() const {
  std::map<std::string, PackageState> states;
  for (const auto& [package, entry] : entries_) {
    if (entry.last.status.empty()) continue;
    states[package] = is_replaced(package, entry) ? PackageState{"not-installed", ""} : entry.last;
  }
  return states;
}

}  // namespace leat::demo
