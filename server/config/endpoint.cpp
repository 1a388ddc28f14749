#include "server/config/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace leat::server {
namespace {

Error not_an_endpoint(std::string_view text, std::string_view why) {
  return Error(Errc::invalid_argument, fmt::format("'{}' is not HOST:PORT such as 127.0.0.1:7420 or [::1]:7420: {}", text, why));
}

std::optional<in_addr> as_ipv4(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> as_ipv6(const std::string& host) {
  in6_addr address{};
  const std::string without_zone = host.substr(0, host.find('%'));
  if (inet_pton(AF_INET6, without_zone.c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool is_host_name(std::string_view host) {
  const bool only_digits_and_dots = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return !only_digits_and_dots && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

bool Endpoint::is_loopback() const {
  if (host == "localhost") return true;
  if (const auto ipv4 = as_ipv4(host)) return (ntohl(ipv4->s_addr) >> 24U) == 127;
  const auto ipv6 = as_ipv6(host);
  if (!ipv6) return false;
  const in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
  constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = std::equal(std::begin(kMappedPrefix), std::end(kMappedPrefix), std::begin(ipv6->s6_addr));
  return std::equal(std::begin(loopback.s6_addr), std::end(loopback.s6_addr), std::begin(ipv6->s6_addr)) ||
         (mapped && ipv6->s6_addr[12] == 127);
}

std::string Endpoint::to_string() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(bracketed ? "[{}]:{}" : "{}:{}"), host, port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_endpoint(text, "there is no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);

  Endpoint endpoint;
  const char* const end = port_text.data() + port_text.size();
  const auto [stopped, error] = std::from_chars(port_text.data(), end, endpoint.port);
  if (error != std::errc() || stopped != end) return not_an_endpoint(text, "the port is a number from 0 to 65535");

  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  endpoint.host = std::string(host);
  if (host.empty()) return not_an_endpoint(text, "the host is missing (0.0.0.0 listens on every address)");
  if (bracketed != as_ipv6(endpoint.host).has_value())
    return not_an_endpoint(text, "an IPv6 address, and nothing else, stands in brackets");
  if (!bracketed && !as_ipv4(endpoint.host) && !is_host_name(host))
    return not_an_endpoint(text, "that is no address and no host name");
  return endpoint;
}

Result<void> check_exposure(const Endpoint& endpoint, std::string_view setting, bool insecure_anonymous) {
  if (insecure_anonymous || endpoint.is_loopback()) return ok();
  return Error(Errc::invalid_argument,
               fmt::format("{} = \"{}\" can be reached from other machines, and nobody is asked for a name or password: "
                           "listen on 127.0.0.1, or write insecure_anonymous = true when the network itself is trusted",
                           setting, endpoint.to_string()));
}

}  // namespace leat::server
