#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace leat::demo {

/// What dpkg thinks of one package, in dpkg's own words: "installed", "config-files", "not-installed"...
struct PackageState {
  std::string status;
  std::string version;
  friend bool operator==(const PackageState&, const PackageState&) = default;
};

/// The last state of every package, folded from the lines of dpkg's log. A plain value of one thread; nothing fails, as a line
/// that says nothing about a package is an event like any other. It asks for the order of one package's lines only, so that
/// packages may come from different partitions.
class PackageTable {
 public:
  /// One line of the log: "2026-01-31 12:00:00 status installed hello:amd64 2.10-3".
  void apply(std::string_view line);

  /// By package:architecture, every package that ever had a state.
  [[nodiscard]] std::map<std::string, PackageState> packages() const;

 private:
  struct Entry {
    PackageState last;
    std::string wanted_version;   ///< of the latest install or upgrade
    std::string arrived_version;  ///< unpacked with no install or upgrade of its own: it took another architecture's place
  };

  void apply_status(std::string_view status, std::string_view package, std::string_view version);
  [[nodiscard]] bool is_replaced(const std::string& package, const Entry& entry) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace leat::demo
