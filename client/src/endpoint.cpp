#include "client/src/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace leat::client {
namespace {

struct KnownScheme {
  std::string_view prefix;
  Scheme scheme;
  std::uint16_t default_port;
};
constexpr KnownScheme kSchemes[] = {
    {"leat://", Scheme::leat, kDefaultPort}, {"ws://", Scheme::ws, kDefaultHttpPort}, {"wss://", Scheme::wss, kDefaultHttpPort}};
constexpr std::string_view kDefaultPath = "/v1/ws";

Error invalid(std::string_view url, std::string_view why) {
  std::string text = "\"";
  text.append(url).append("\" ").append(why).append(" (expected leat://HOST[:PORT] or ws://HOST[:PORT][/PATH])");
  return Error(Errc::invalid_argument, std::move(text));
}

bool is_path(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '#'; });
}

/// Takes the host off the front of `rest`.
Result<std::string> take_host(std::string_view url, std::string_view& rest) {
  std::string_view host;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return invalid(url, "has an open bracket");
    host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    host = rest.substr(0, rest.find(':'));
    rest.remove_prefix(host.size());
  }
  if (host.empty()) return invalid(url, "names no host");
  if (host.find_first_of("/?#@ \t") != std::string_view::npos) return invalid(url, "has more than a host and a port");
  return std::string(host);
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto* const known =
      std::find_if(std::begin(kSchemes), std::end(kSchemes), [&](const KnownScheme& s) { return url.starts_with(s.prefix); });
  if (known == std::end(kSchemes)) return invalid(url, "begins with neither leat:// nor ws://");
  Endpoint endpoint{known->scheme, "", known->default_port, ""};
  std::string_view rest = url.substr(known->prefix.size());
  if (endpoint.scheme == Scheme::leat) {
    if (rest.ends_with('/')) rest.remove_suffix(1);
  } else {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    endpoint.path = rest.substr(slash);
    rest = rest.substr(0, slash);
    if (endpoint.path.size() <= 1) endpoint.path = kDefaultPath;
    if (!is_path(endpoint.path)) return invalid(url, "has a path with characters that have to be escaped");
  }
  LEAT_ASSIGN(endpoint.host, take_host(url, rest));
  if (!rest.empty()) {
    if (rest.front() != ':') return invalid(url, "has something behind the host that is no port");
    rest.remove_prefix(1);
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), endpoint.port);
    const bool is_port = problem == std::errc{} && end == rest.data() + rest.size() && endpoint.port != 0;
    if (!is_port) return invalid(url, "has no valid port");
  }
  if (endpoint.scheme == Scheme::wss) return invalid(url, "asks for TLS, which is not built in yet");
  return endpoint;
}

}  // namespace leat::client
