#include "client/tool/wait_notes.hpp"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "client/tool/exit_code.hpp"

namespace leat::tool {

void WaitNotes::add(const Error& error, std::chrono::steady_clock::time_point now) {
  if (printed_at_ && now - *printed_at_ < kInterval) return;
  printed_at_ = now;
  print_(error_line("waiting, and trying again: " + error.message()));
}

std::function<void(const Error&)> retry_notes(const GlobalOptions& global) {
  if (global.quiet) return nullptr;
  const auto notes = std::make_shared<WaitNotes>([](const std::string& line) {
    // Over the progress, where there is any.
    std::fprintf(stderr, "%s%s\n", ::isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "", line.c_str());
  });
  return [notes](const Error& error) { notes->add(error, std::chrono::steady_clock::now()); };
}

}  // namespace leat::tool
