#include "client/tool/exit_code.hpp"

#include <cstdio>

namespace leat::tool {
namespace {

std::string_view hint_for(Errc code) {
  switch (code) {
    case Errc::connection_failed:
      return "is leatd running? start it with: leatd";
    case Errc::connection_lost:
      return "leatd went away; what was not acknowledged may or may not have been stored";
    case Errc::timed_out:
      return "the outcome is unknown";
    case Errc::unknown_topic:
      return "see leat topic list, or create it with: leat topic create NAME";
    case Errc::storage_full:
      return "free space on the broker's disk, or shorten the retention of a topic";
    default:
      return {};
  }
}

}  // namespace

ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case Errc::connection_failed:
    case Errc::connection_lost:
    case Errc::timed_out:
      return ExitCode::unreachable;
    default:
      return ExitCode::failed;
  }
}

std::string error_line(std::string_view text) {
  std::string line = "leat: ";
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t') {
      line += ' ';
    } else {
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return line;
}

std::string error_line(const Error& error) {
  std::string text = error.message();
  if (const auto hint = hint_for(error.code); !hint.empty()) text.append(" (").append(hint).append(")");
  return error_line(text);
}

ExitCode report(const Error& error) {
  std::fprintf(stderr, "%s\n", error_line(error).c_str());
  return exit_code_of(error);
}

}  // namespace leat::tool
