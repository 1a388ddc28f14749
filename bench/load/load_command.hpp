#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bench/load/brokers.hpp"
#include "client/tool/command_line.hpp"
#include "client/tool/commands.hpp"

namespace leat::load {

/// What the arguments asked for.
struct LoadCommand {
  const Broker* broker = nullptr;
  Target target;
  std::optional<tool::Bench> bench;  ///< nothing: create the topic
  std::uint32_t partitions = 1;      ///< of a topic to create
  std::optional<double> linger_ms;   ///< see PublisherSettings
};

/// BROKER COMMAND TOPIC [OPTIONS]; the options and their defaults are those of `leat bench`, whose parser reads them.
std::variant<LoadCommand, tool::EarlyExit> parse_load_command(const std::vector<std::string>& arguments);

}  // namespace leat::load
