#include "system/daemon.hpp"

#include <csignal>
#include <stdexcept>

namespace leat::system_test {
namespace {

/// "name=value" of a log line.
std::string field_of(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(" " + name + "=");
  if (at == std::string::npos) throw std::runtime_error("no " + name + " in: " + line);
  const std::size_t begin = at + name.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace

Daemon::Daemon(const DaemonOptions& options) {
  std::vector<std::string> arguments = options.wrapper;
  arguments.insert(arguments.end(), {LEATD_PROGRAM, "--data", options.data.string(), "--listen",
                                     "127.0.0.1:" + std::to_string(options.port), "--http", "127.0.0.1:0"});
  process_ = std::make_unique<Process>(arguments, options.environment);
  const std::string listening = process_->wait_for_line(" listening ");
  http_url_ = "http://" + field_of(listening, "http");
  const std::string endpoint = field_of(listening, "native");
  port_ = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

std::string Daemon::opened(const std::string& field) { return field_of(process_->wait_for_line(" data directory "), field); }

void Daemon::kill() {
  process_->signal(SIGKILL);
  process_->wait_for_exit();
}

int Daemon::stop() {
  process_->signal(SIGTERM);
  return process_->wait_for_exit();
}

Finished run_leatd(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  std::vector<std::string> all{LEATD_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all, environment);
}

Finished run_leat(const Daemon& daemon, const std::vector<std::string>& arguments) {
  std::vector<std::string> all{LEAT_PROGRAM, "--server", daemon.url()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all);
}

std::vector<std::string> small_storage() {
  return {"LEAT_STORAGE_JOURNAL_FILE_BYTES=4MiB", "LEAT_STORAGE_JOURNAL_FILES_MAX=4", "LEAT_STORAGE_DISK_RESERVE_BYTES=0"};
}

}  // namespace leat::system_test
