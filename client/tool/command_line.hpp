#pragma once

#include <string>
#include <variant>
#include <vector>

#include "client/tool/commands.hpp"

namespace leat::tool {

struct CommandLine {
  GlobalOptions global;
  Command command;
};

/// The command line asked for nothing to be run: help or the version (`done`, for standard output), or it was not understood
/// (`usage`, one line for standard error).
struct EarlyExit {
  ExitCode code = ExitCode::done;
  std::string text;
};

/// Understands the arguments behind the program's name, and the environment (LEAT_SERVER, LEAT_OUTPUT) where no flag says
/// otherwise. `now_ms` is what times relative to now are counted from.
std::variant<CommandLine, EarlyExit> parse_command_line(const std::vector<std::string>& arguments, TimestampMs now_ms);

}  // namespace leat::tool
