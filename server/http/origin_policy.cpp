#include "server/http/origin_policy.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>

namespace leat::server {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// "[::1]:7421" -> "::1", "localhost:7421" -> "localhost".
std::string name_of_host(std::string_view host) {
  if (host.starts_with('[')) return lower(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

/// What an origin has behind its scheme.
std::string_view host_of_origin(std::string_view origin) {
  const std::size_t at = origin.find("://");
  return at == std::string_view::npos ? std::string_view() : origin.substr(at + 3);
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  const bool has_scheme = origin.starts_with("http://") || origin.starts_with("https://");
  return has_scheme && !host.empty() && lower(host_of_origin(origin)) == lower(host);
}

}  // namespace

bool OriginPolicy::is_listed(std::string_view origin) const {
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [&](const std::string& one) { return one == "*" || lower(one) == lower(origin); });
}

bool OriginPolicy::accepts_host(std::string_view host) const {
  if (!on_loopback_ || host.empty()) return true;
  const std::string name = name_of_host(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  if (!error) return true;
  // Somebody's own proxy, named by the origin that it serves.
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [&](const std::string& one) { return name_of_host(host_of_origin(one)) == name; });
}

bool OriginPolicy::accepts_origin(std::string_view origin, std::string_view host) const {
  return origin.empty() || is_same_origin(origin, host) || is_listed(origin);
}

bool OriginPolicy::is_accepted_foreign(std::string_view origin, std::string_view host) const {
  return !origin.empty() && !is_same_origin(origin, host) && is_listed(origin);
}

}  // namespace leat::server
