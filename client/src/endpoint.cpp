#include "client/src/endpoint.hpp"

#include <charconv>

namespace leat::client {
namespace {

constexpr std::string_view kScheme = "leat://";

Error invalid(std::string_view url, std::string_view why) {
  std::string text = "\"";
  text.append(url).append("\" ").append(why).append(" (expected leat://HOST[:PORT])");
  return Error(Errc::invalid_argument, std::move(text));
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  if (!url.starts_with(kScheme)) return invalid(url, "does not begin with leat://");
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);

  Endpoint endpoint;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return invalid(url, "has an open bracket");
    endpoint.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    const std::size_t colon = rest.find(':');
    endpoint.host = rest.substr(0, colon);
    rest.remove_prefix(endpoint.host.size());
  }
  if (endpoint.host.empty()) return invalid(url, "names no host");
  if (endpoint.host.find_first_of("/?#@ \t") != std::string::npos) return invalid(url, "has more than a host and a port");
  if (rest.empty()) return endpoint;

  if (rest.front() != ':') return invalid(url, "has something behind the host that is no port");
  rest.remove_prefix(1);
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), endpoint.port);
  if (problem != std::errc{} || end != rest.data() + rest.size() || endpoint.port == 0) return invalid(url, "has no valid port");
  return endpoint;
}

}  // namespace leat::client
