#include "server/http/console_routes.hpp"

#include <algorithm>
#include <vector>

#include "protocol/base/assert.hpp"
#include "protocol/record/compression.hpp"
#include "server/http/console_files.hpp"

namespace leat::server {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kNotBuilt =
    "This leatd was built without its console page. Everything else is here: see /v1/topics.\n"
    "Building it needs npm and a network once: ./dev setup, then build again.\n";

/// The next member of a comma-separated header field, without the blanks around it; `list` goes on behind it.
std::string_view next_member(std::string_view& list) {
  const std::size_t end = std::min(list.find(','), list.size());
  std::string_view member = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  const std::size_t first = member.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  member.remove_prefix(first);
  return member.substr(0, member.find_last_not_of(" \t") + 1);
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::string_view member = next_member(accept_encoding);
    const std::string_view name = member.substr(0, member.find_first_of("; \t"));
    const std::size_t quality = member.find("q=0");
    const bool is_refused =
        quality != std::string_view::npos && member.find_first_of("123456789", quality) == std::string_view::npos;
    if (name == "gzip" || name == "x-gzip") return !is_refused;
  }
  return false;
}

bool has_already(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const std::string_view member = next_member(if_none_match);
    // A weak comparison: W/"a" and "a" are the same.
    if (member == "*" || member == etag || member == etag.substr(2)) return true;
  }
  return false;
}

/// Not every browser takes 'self' to mean the page's own WebSockets as well, so they are named, when the host is a plain one.
std::string content_security_policy(std::string_view host) {
  std::string policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";
  const bool is_plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
  });
  if (is_plain && !host.empty()) policy.append(" ws://").append(host).append(" wss://").append(host);
  return policy + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

HttpResponse serve(const ConsoleFile& file, const HttpRequest& request) {
  HttpResponse response;
  response.fields = {{"cache-control", "no-cache"},
                     {"content-security-policy", content_security_policy(request.field("host"))},
                     {"cross-origin-opener-policy", "same-origin"},
                     {"cross-origin-resource-policy", "same-origin"},
                     {"etag", std::string(file.etag)},
                     {"referrer-policy", "no-referrer"},
                     {"vary", "Accept-Encoding"},
                     {"x-content-type-options", "nosniff"}};
  if (has_already(request.field("if-none-match"), file.etag)) {
    response.status = 304;
    return response;
  }
  response.fields.push_back({"content-type", std::string(file.content_type)});
  if (accepts_gzip(request.field("accept-encoding"))) {
    response.fields.push_back({"content-encoding", "gzip"});
    response.body.emplace_back(nullptr, file.gzipped);
    return response;
  }
  auto plain = std::make_shared<std::vector<std::byte>>();
  const auto done = record::decompress(record::Codec::gzip, file.gzipped, {}, *plain);
  LEAT_ASSERT(done.has_value());  // the build made it
  const ByteSpan bytes = *plain;
  response.body.emplace_back(std::move(plain), bytes);
  return response;
}

}  // namespace

void add_console_routes(Routes& routes) {
  for (const ConsoleFile& file : console_files()) {
    routes.add("GET", file.path,
               [&file](const HttpRequest& request, Shard&) -> awaitable<HttpResponse> { co_return serve(file, request); });
  }
  if (!console_files().empty()) return;
  routes.add("GET", "/", [](const HttpRequest&, Shard&) -> awaitable<HttpResponse> {
    co_return text_response(404, "text/plain; charset=utf-8", std::string(kNotBuilt));
  });
}

}  // namespace leat::server
