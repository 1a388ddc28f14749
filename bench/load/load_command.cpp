#include "bench/load/load_command.hpp"

#include <fmt/format.h>

#include <charconv>

namespace leat::load {
namespace {

using tool::EarlyExit;
using tool::ExitCode;

constexpr const char* kHelp =
    R"(Puts the load of leat bench on another broker, and measures the same.
Usage: leat_bench_load BROKER COMMAND TOPIC [OPTIONS]

Brokers (those built in: {}):
{}
Commands:
  create                      Delete the topic and make it anew
  pub, sub, e2e, fan          As of leat bench: see leat bench --help

Options:
  -h,--help                   Print this help message and exit
  --server HOST:PORT          Broker; default 127.0.0.1 and the broker's usual port
  --partitions UINT [1]       create: partitions; a stream each with brokers whose topics have none
  --records UINT              Records to measure; default 1,000,000, e2e 100,000
  --warmup UINT               Records before them that do not count
  --size UINT [1024]          Bytes of a value
  --producers UINT [1]        Connections that publish
  --in-flight UINT [5000]     Most unacknowledged records of a producer, without --rate; fan 200
  --rate FLOAT                Records a second, over all producers
  --spread                    pub: each record to the next partition, not a batch at a time
  --linger-ms FLOAT           pub, e2e of kafka and rabbitmq: how long a batch waits to fill. Default: kafka 1, and with a rate
                              no wait, but one request under way; rabbitmq 0, and 1 with a rate beyond 2,000/s
  --subscribers UINT [100]    fan: subscribers, each on its own connection
  --seconds FLOAT [10]        fan: how long

The result is one JSON object on standard output, that of leat bench -o json. A record counts as published when the broker has
acknowledged it; what an acknowledgement promises is up to the broker's settings. Exit codes: 0 done, 1 failed, 2 usage.

Examples:
  leat_bench_load redis create load
  leat_bench_load redis pub load --records 200000 --size 100
  leat_bench_load rabbitmq e2e load --rate 10000 --records 50000
)";

std::string help() {
  std::string built_in;
  std::string rows;
  for (const auto& broker : brokers()) {
    if (broker.make != nullptr) built_in += (built_in.empty() ? "" : ", ") + std::string(broker.name);
    rows += fmt::format("  {:<27} {}{}\n", broker.name, broker.description, broker.make == nullptr ? " (not built in)" : "");
  }
  return fmt::format(fmt::runtime(kHelp), built_in, rows);
}

EarlyExit refusal(const std::string& text) {
  return {ExitCode::usage, fmt::format("leat_bench_load: {} (see leat_bench_load --help)\n", text)};
}

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

std::optional<Address> address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return std::nullopt;
  return Address{text.substr(0, colon), *port};
}

/// Takes "--name value" or "--name=value" out of the arguments.
std::optional<std::string> extract(std::vector<std::string>& arguments, const std::string& name) {
  std::optional<std::string> value;
  for (auto at = arguments.begin(); at != arguments.end();) {
    if (*at == name && at + 1 != arguments.end()) {
      value = *(at + 1);
      at = arguments.erase(at, at + 2);
    } else if (at->starts_with(name + "=")) {
      value = at->substr(name.size() + 1);
      at = arguments.erase(at);
    } else {
      ++at;
    }
  }
  return value;
}

/// The options of `leat bench`, by its own parser.
std::variant<tool::Bench, EarlyExit> parse_bench(const std::string& kind, const std::string& topic,
                                                 const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"bench", kind, topic};
  arguments.insert(arguments.end(), options.begin(), options.end());
  auto parsed = tool::parse_command_line(arguments, 0);
  if (auto* early = std::get_if<EarlyExit>(&parsed)) {
    if (early->code == ExitCode::done) return refusal("options come behind BROKER COMMAND TOPIC");
    constexpr std::string_view kPrefix = "leat: ";
    return EarlyExit{early->code, "leat_bench_load: " + early->text.substr(kPrefix.size())};
  }
  const auto& line = std::get<tool::CommandLine>(parsed);
  const auto& bench = std::get<tool::Bench>(line.command);
  if (bench.ack != AckLevel::durable || bench.codec != Codec::none) return refusal("--ack and --compress are for leat");
  return bench;
}

std::string named_brokers() {
  std::string names;
  for (const auto& broker : brokers()) names += (names.empty() ? "" : ", ") + std::string(broker.name);
  return names;
}

std::variant<LoadCommand, EarlyExit> finish(LoadCommand command, const std::string& kind, std::vector<std::string> options) {
  if (const auto server = extract(options, "--server")) {
    const auto given = address(*server);
    if (!given) return refusal("--server " + *server + ": expected HOST:PORT");
    command.target.address = *given;
  }
  if (kind == "create") {
    if (const auto text = extract(options, "--partitions")) {
      const auto count = number<std::uint32_t>(*text);
      if (!count) return refusal("--partitions " + *text + ": expected a number");
      command.partitions = *count;
    }
    if (!options.empty()) return refusal(options.front() + " has no meaning for create");
    return command;
  }
  if (const auto text = extract(options, "--linger-ms")) {
    command.linger_ms = *text == "0" ? 0.0 : number<double>(*text);
    if (!command.linger_ms || !(*command.linger_ms >= 0 && *command.linger_ms <= 1000)) {
      return refusal("--linger-ms " + *text + ": expected a number of at most 1000");
    }
    if ((kind != "pub" && kind != "e2e") || !command.broker->has_linger) {
      return refusal("--linger-ms has no meaning for " + kind + " of " + command.broker->name);
    }
  }
  auto bench = parse_bench(kind, command.target.topic, options);
  if (const auto* early = std::get_if<EarlyExit>(&bench)) return *early;
  command.bench = std::get<tool::Bench>(bench);
  return command;
}

}  // namespace

std::variant<LoadCommand, EarlyExit> parse_load_command(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) {
    if (argument == "--help" || argument == "-h") return EarlyExit{ExitCode::done, help()};
  }
  if (arguments.size() < 3) return refusal("missing argument: expected BROKER COMMAND TOPIC");
  for (std::size_t i = 0; i < 3; ++i) {
    if (arguments[i].empty() || arguments[i][0] == '-') return refusal("options come behind BROKER COMMAND TOPIC");
  }
  LoadCommand command;
  command.broker = find_broker(arguments[0]);
  if (command.broker == nullptr) return refusal("there is no broker " + arguments[0] + ": expected " + named_brokers());
  if (command.broker->make == nullptr) {
    return refusal(std::string(command.broker->name) + " is not built in, as " + command.broker->client_library +
                   " was not found when this was built");
  }
  command.target = {.address = {"127.0.0.1", command.broker->port}, .topic = arguments[2]};
  return finish(std::move(command), arguments[1], {arguments.begin() + 3, arguments.end()});
}

}  // namespace leat::load
