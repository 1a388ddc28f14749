#include "server/http/http_api.hpp"

#include <algorithm>

#include "server/http/health_routes.hpp"
#include "server/http/problem.hpp"

namespace leat::server {
namespace {

constexpr std::string_view kWebSocketPath = "/v1/ws";
constexpr std::string_view kNativeSubprotocol = "leat.v1";
constexpr std::string_view kJsonSubprotocol = "leat.json.v1";

/// Answers on a path that exists with a method that does not.
HttpResponse method_not_allowed(const std::string& method, const std::string& allowed) {
  HttpResponse response = problem(405, Errc::unsupported_request, method + " is not for this path, but " + allowed);
  response.fields.push_back({"allow", allowed});
  return response;
}

}  // namespace

HttpApi::HttpApi(Broker& broker, std::shared_ptr<ByteBudget> sending, HttpApiOptions options)
    : broker_(broker),
      sending_(std::move(sending)),
      options_(std::move(options)),
      origins_(options_.allowed_origins, options_.on_loopback) {
  for (std::size_t i = 0; i < broker_.shards().size(); ++i) text_batches_.push_back(std::make_unique<TextBatches>(sending_));
  add_health_routes(routes_, broker_);
}

std::optional<HttpResponse> HttpApi::refuse(const HttpRequest& head) const {
  const std::string_view host = head.field("host");
  if (!origins_.accepts_host(host)) {
    return problem(
        421, Errc::invalid_argument,
        "this listener is for this machine alone and knows no host " + std::string(host) + "; see http.allowed_origins");
  }
  if (!origins_.accepts_origin(head.field("origin"), host)) {
    return problem(403, Errc::invalid_argument, "pages of this origin may not use the broker; see http.allowed_origins");
  }
  return std::nullopt;
}

boost::asio::awaitable<HttpResponse> HttpApi::handle(HttpRequest request, Shard& shard) {
  Routes::Match match = routes_.find(request.method, request.segments);
  HttpResponse response;
  if (match.handler != nullptr) {
    request.arguments = std::move(match.arguments);
    response = co_await (*match.handler)(request, shard);
  } else if (match.allowed.empty()) {
    response = problem(404, Errc::unsupported_request, "there is nothing at " + request.path);
  } else if (request.method == "OPTIONS") {
    response = answer_preflight(request, match.allowed);
  } else {
    response = method_not_allowed(request.method, match.allowed);
  }
  add_cors(request, response);
  co_return response;
}

HttpResponse HttpApi::answer_preflight(const HttpRequest& request, const std::string& allowed_methods) const {
  HttpResponse response;
  response.status = 204;
  response.fields.push_back({"allow", allowed_methods + ", OPTIONS"});
  if (!origins_.is_accepted_foreign(request.field("origin"), request.field("host"))) return response;
  response.fields.push_back({"access-control-allow-methods", allowed_methods});
  if (const std::string_view wanted = request.field("access-control-request-headers"); !wanted.empty()) {
    response.fields.push_back({"access-control-allow-headers", std::string(wanted)});
  }
  response.fields.push_back({"access-control-max-age", "600"});
  return response;
}

void HttpApi::add_cors(const HttpRequest& request, HttpResponse& response) const {
  const std::string_view origin = request.field("origin");
  response.fields.push_back({"vary", "Origin"});
  if (!origins_.is_accepted_foreign(origin, request.field("host"))) return;
  response.fields.push_back({"access-control-allow-origin", std::string(origin)});
  response.fields.push_back({"access-control-expose-headers", "Location, Retry-After"});
}

TextSessionContext HttpApi::text_context(Shard& shard) const {
  return {broker_, shard, sending_, *text_batches_[shard.number()]};
}

HttpHandler::WebSocketOffer HttpApi::open_web_socket(const HttpRequest& head, const std::vector<std::string>& subprotocols,
                                                     Shard& shard) {
  WebSocketOffer offer;
  if (head.path != kWebSocketPath) {
    offer.refusal = problem(404, Errc::unsupported_request, "WebSockets are at " + std::string(kWebSocketPath));
    return offer;
  }
  for (const std::string& wanted : subprotocols) {
    if (wanted == kJsonSubprotocol) {
      offer.subprotocol = wanted;
      offer.whole_text_messages = true;
      offer.session = [this, &shard, peer = head.peer](Connection& connection) -> std::shared_ptr<Session> {
        TextSessionOptions options = options_.text_session;
        options.peer = peer;
        return std::make_shared<JsonSession>(text_context(shard), connection, std::move(options));
      };
      return offer;
    }
    if (wanted != kNativeSubprotocol) continue;
    offer.subprotocol = wanted;
    offer.session = [this, &shard, peer = head.peer](Connection& connection) -> std::shared_ptr<Session> {
      NativeSessionOptions options = options_.session;
      options.peer = peer;
      auto session = std::make_shared<NativeSession>(broker_, shard, connection, sending_, std::move(options));
      session->start();
      return session;
    };
    return offer;
  }
  offer.refusal = problem(400, Errc::unsupported_version, "no subprotocol that the broker speaks; it speaks leat.v1");
  return offer;
}

}  // namespace leat::server
