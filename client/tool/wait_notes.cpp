#include "client/tool/wait_notes.hpp"

#include "client/tool/exit_code.hpp"

namespace leat::tool {

void WaitNotes::add(const Error& error, std::chrono::steady_clock::time_point now) {
  if (printed_at_ && now - *printed_at_ < kInterval) return;
  printed_at_ = now;
  print_(error_line("waiting, and trying again: " + error.message()));
}

}  // namespace leat::tool
