#include "client/tool/command_values.hpp"

#include <algorithm>

namespace leat::tool {

Error usage_error(std::string text) { return Error(Errc::invalid_argument, std::move(text)); }

Result<void> expect_count(const Positionals& given, std::size_t min, std::size_t max, std::string_view names) {
  if (given.size() < min) return usage_error("missing argument: expected " + std::string(names));
  if (given.size() > max) return usage_error("unexpected argument \"" + given[max] + "\": expected " + std::string(names));
  return ok();
}

Result<std::string> topic_name(const std::string& given) {
  if (given.empty()) return usage_error("the topic's name is empty");
  return given;
}

Result<std::vector<std::string>> topic_names(const std::string& given) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= given.size();) {
    const std::size_t comma = std::min(given.find(',', at), given.size());
    std::string name = given.substr(at, comma - at);
    if (name.empty()) return usage_error("an empty topic name in \"" + given + "\"");
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    at = comma + 1;
  }
  return names;
}

Result<std::pair<std::string, std::string>> split_assignment(const std::string& text, std::string_view flag) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) return usage_error(std::string(flag) + " " + text + ": expected name=value");
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

std::string web_socket_url(const client::Endpoint& endpoint) {
  if (endpoint.scheme == client::Scheme::ws) return "ws://" + endpoint.to_string() + endpoint.path;
  client::Endpoint there = endpoint;
  there.port = client::kDefaultHttpPort;
  return "ws://" + there.to_string();
}

AckLevel ack_named(std::string_view name) {
  if (name == "none") return AckLevel::none;
  return name == "written" ? AckLevel::written : AckLevel::durable;
}

}  // namespace leat::tool
