#pragma once

#include <string>

#include "protocol/base/error.hpp"

namespace leat::tool {

/// What `leat` tells the shell. Documented in --help; scripts depend on the numbers.
enum class ExitCode : int {
  done = 0,
  failed = 1,       ///< refused or failed by the broker, or by a file or pipe of this side
  usage = 2,        ///< the command line was not understood: nothing was sent
  unreachable = 3,  ///< cannot connect, connection lost for good, or timed out
};

ExitCode exit_code_of(const Error& error);

/// The one line an error is on standard error: "leat: what happened (hint)". Line breaks in the text become spaces, other control
/// characters question marks, so that a broker's message cannot write on the terminal.
std::string error_line(const Error& error);
std::string error_line(std::string_view text);

/// Prints error_line on standard error and returns the exit code that goes with it.
ExitCode report(const Error& error);

}  // namespace leat::tool
