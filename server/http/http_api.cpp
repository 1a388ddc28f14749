#include "server/http/http_api.hpp"

#include <algorithm>

#include "server/http/client_routes.hpp"
#include "server/http/console_routes.hpp"
#include "server/http/event_routes.hpp"
#include "server/http/health_routes.hpp"
#include "server/http/metrics_routes.hpp"
#include "server/http/openapi_routes.hpp"
#include "server/http/problem.hpp"
#include "server/http/record_routes.hpp"
#include "server/http/status_routes.hpp"
#include "server/http/stream_routes.hpp"
#include "server/http/topic_routes.hpp"
#include "server/http/web_socket_routes.hpp"

namespace leat::server {
namespace {

/// Answers on a path that exists with a method that does not.
HttpResponse method_not_allowed(const std::string& method, const std::string& allowed) {
  HttpResponse response = problem(405, Errc::unsupported_request, method + " is not for this path, but " + allowed);
  response.fields.push_back({"allow", allowed});
  return response;
}

}  // namespace

HttpApi::HttpApi(Broker& broker, const NetworkMemory& memory, HttpApiOptions options)
    : context_{broker,
               memory.receiving->budget,
               memory.sending,
               std::move(options.native_session),
               std::move(options.text_session),
               {}},
      origins_(std::move(options.allowed_origins), options.on_loopback) {
  for (std::size_t i = 0; i < broker.shards().size(); ++i) {
    context_.text_batches.push_back(std::make_unique<TextBatches>(context_.sending));
  }
  add_client_routes(routes_, broker, std::move(options.clients));
  add_console_routes(routes_);
  add_event_routes(routes_, context_);
  add_health_routes(routes_, broker);
  add_metrics_routes(routes_, context_);
  add_openapi_routes(routes_);
  add_record_routes(routes_, context_);
  add_status_routes(routes_, broker, std::move(options.connections));
  add_stream_routes(routes_, context_);
  add_topic_routes(routes_, context_);
  add_web_socket_routes(routes_);
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

void HttpApi::add_cors(const HttpRequest& head, HttpResponse& response) const {
  const std::string_view origin = head.field("origin");
  response.fields.push_back({"vary", "Origin"});
  if (!origins_.is_accepted_foreign(origin, head.field("host"))) return;
  response.fields.push_back({"access-control-allow-origin", std::string(origin)});
  response.fields.push_back(
      {"access-control-expose-headers", "Allow, Leat-High-Watermark, Leat-Log-Start, Leat-Next-Offset, Location, Retry-After"});
}

HttpHandler::WebSocketOffer HttpApi::open_web_socket(const HttpRequest& head, const std::vector<std::string>& subprotocols,
                                                     Shard& shard) {
  return offer_web_socket(context_, head, subprotocols, shard);
}

}  // namespace leat::server
