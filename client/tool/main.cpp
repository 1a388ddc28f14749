#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "client/tool/command_line.hpp"
#include "client/tool/output.hpp"
#include "protocol/base/clock.hpp"
#include "protocol/base/standard_descriptors.hpp"

namespace {

using leat::tool::EarlyExit;
using leat::tool::ExitCode;

int leave(const EarlyExit& early) {
  if (early.code != ExitCode::done) {
    std::fputs(early.text.c_str(), stderr);
    return static_cast<int>(early.code);
  }
  leat::tool::Output output(STDOUT_FILENO);
  output.buffer() += early.text;
  const auto written = output.flush();
  return static_cast<int>(written.has_value() ? early.code : leat::tool::report(written.error()));
}

int run(const leat::tool::CommandLine& line) {
  const auto outcome = std::visit([&](const auto& command) { return leat::tool::run(line.global, command); }, line.command);
  return static_cast<int>(outcome.has_value() ? *outcome : leat::tool::report(outcome.error()));
}

}  // namespace

int main(int argc, char** argv) {
  leat::reserve_standard_descriptors();
  // A reader of our output that goes away is told by write(), not by a signal.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto parsed = leat::tool::parse_command_line(arguments, leat::SystemClock().wall_ms());
    if (const auto* early = std::get_if<EarlyExit>(&parsed)) return leave(*early);
    return run(std::get<leat::tool::CommandLine>(parsed));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", leat::tool::error_line(error.what()).c_str());
    return static_cast<int>(ExitCode::failed);
  }
}
