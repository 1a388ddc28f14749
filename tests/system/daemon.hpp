#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "system/process.hpp"

namespace leat::system_test {

struct DaemonOptions {
  std::filesystem::path data;
  std::uint16_t port = 0;                ///< 0: a free one
  std::vector<std::string> environment;  ///< "LEAT_..." settings
  std::vector<std::string> wrapper;      ///< what runs leatd: strace and its options, a shell that sets limits
};

/// A leatd as a process of its own, on loopback. The constructor returns when it accepts connections.
class Daemon {
 public:
  explicit Daemon(const DaemonOptions& options);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& http_url() const { return http_url_; }
  [[nodiscard]] std::string url() const { return "leat://127.0.0.1:" + std::to_string(port_); }
  Process& process() { return *process_; }
  /// The field of the line that tells how the data directory was found.
  std::string opened(const std::string& field);

  void kill();
  /// SIGTERM; returns the exit code.
  int stop();

 private:
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
  std::string http_url_;
};

/// leatd with these arguments, to its end.
Finished run_leatd(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
/// `leat --server URL ARGUMENTS...`.
Finished run_leat(const Daemon& daemon, const std::vector<std::string>& arguments);

/// Small files, so that a start is quick and a small disk takes them.
std::vector<std::string> small_storage();

}  // namespace leat::system_test
