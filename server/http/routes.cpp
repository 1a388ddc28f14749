#include "server/http/routes.hpp"

#include <algorithm>
#include <optional>

namespace leat::server {
namespace {

bool is_variable(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path == "/") return segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_variable(pattern[i])) {
      arguments.push_back(segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return arguments;
}

}  // namespace

void Routes::add(std::string method, std::string_view pattern, Handler handler) {
  routes_.push_back({std::move(method), split(pattern), std::move(handler)});
}

std::vector<Routes::Listed> Routes::list() const {
  std::vector<Listed> listed;
  for (const Route& route : routes_) {
    std::string pattern = route.pattern.empty() ? "/" : "";
    for (const std::string& segment : route.pattern) pattern += "/" + segment;
    listed.push_back({route.method, std::move(pattern)});
  }
  return listed;
}

Routes::Match Routes::find(const std::string& method, const std::vector<std::string>& segments) const {
  Match found;
  for (const Route& route : routes_) {
    auto arguments = match(route.pattern, segments);
    if (!arguments) continue;
    if (!found.allowed.empty()) found.allowed += ", ";
    found.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    const bool fits = route.method == method || (route.method == "GET" && method == "HEAD");
    if (fits && found.handler == nullptr) {
      found.handler = &route.handler;
      found.arguments = std::move(*arguments);
    }
  }
  return found;
}

}  // namespace leat::server
