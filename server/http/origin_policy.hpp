#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace leat::server {

/// Which web pages may use the daemon through somebody's browser. Without authentication this is all that keeps a page from
/// elsewhere from reading a developer's topics, so it is asked for every request and every WebSocket. Immutable; any thread.
class OriginPolicy {
 public:
  /// `allowed`: origins beside the daemon's own, "https://shop.example" or "*". `on_loopback`: the listener is for this machine
  /// alone.
  OriginPolicy(std::vector<std::string> allowed, bool on_loopback) : allowed_(std::move(allowed)), on_loopback_(on_loopback) {}

  /// Whether a request may name this host. A page whose own name was made to resolve to the loopback address (DNS rebinding) is
  /// of the same origin to its browser; it is told by its host, which is none that this machine has.
  [[nodiscard]] bool accepts_host(std::string_view host) const;
  /// Whether a page of this origin may ask; no origin (not a browser, or a same-origin GET) may.
  [[nodiscard]] bool accepts_origin(std::string_view origin, std::string_view host) const;
  /// Whether the page is of another origin than the daemon, and accepted: then its browser wants to be told so.
  [[nodiscard]] bool is_accepted_foreign(std::string_view origin, std::string_view host) const;

 private:
  [[nodiscard]] bool is_listed(std::string_view origin) const;

  const std::vector<std::string> allowed_;
  const bool on_loopback_;
};

}  // namespace leat::server
