#pragma once

#include "server/http/api_context.hpp"
#include "server/http/handler.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// Chooses among the subprotocols that a client offers for /v1/ws, in its order: leat.v1, leat.json.v1, cloudevents.json.
HttpHandler::WebSocketOffer offer_web_socket(const ApiContext& context, const HttpRequest& head,
                                             const std::vector<std::string>& subprotocols, Shard& shard);

/// GET /v1/ws without an upgrade: says that it takes one.
void add_web_socket_routes(Routes& routes);

}  // namespace leat::server
