#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "bench/load/load_command.hpp"
#include "bench/load/loads.hpp"
#include "client/tool/output.hpp"

namespace {

using leat::Result;
using leat::load::LoadCommand;
using leat::tool::EarlyExit;
using leat::tool::ExitCode;

Result<void> print(const std::string& text) {
  leat::tool::Output output(STDOUT_FILENO);
  output.buffer() += text;
  return output.flush();
}

Result<void> run(const LoadCommand& command) {
  using leat::tool::BenchKind;
  const auto peer = command.broker->make(command.target);
  if (!command.bench) {
    LEAT_TRY(peer->create_topic(command.partitions));
    return print("{\"partitions\":" + std::to_string(command.partitions) + "}\n");
  }
  const auto result = std::make_unique<leat::tool::BenchResult>();  // too large for the stack
  switch (command.bench->kind) {
    case BenchKind::pub:
      LEAT_TRY(pub_load(*peer, *command.bench, command.linger_ms, *result));
      break;
    case BenchKind::sub:
      LEAT_TRY(sub_load(*peer, *command.bench, *result));
      break;
    case BenchKind::e2e:
      LEAT_TRY(e2e_load(*peer, *command.bench, command.linger_ms, *result));
      break;
    case BenchKind::fan:
      LEAT_TRY(fan_load(*peer, *command.bench, *result));
      break;
  }
  return print(to_json(*result));
}

int failed(const std::string& text) {
  std::string line = "leat_bench_load: " + text;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  std::fprintf(stderr, "%s\n", line.c_str());
  return static_cast<int>(ExitCode::failed);
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto parsed = leat::load::parse_load_command(arguments);
    if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
      std::fputs(early->text.c_str(), early->code == ExitCode::done ? stdout : stderr);
      return static_cast<int>(early->code);
    }
    const auto outcome = run(std::get<LoadCommand>(parsed));
    return outcome.has_value() ? 0 : failed(outcome.error().message());
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}
