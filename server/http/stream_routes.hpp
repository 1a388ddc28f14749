#pragma once

#include "server/http/api_context.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// GET /v1/topics/{topic}/stream: server-sent events.
void add_stream_routes(Routes& routes, const ApiContext& context);

}  // namespace leat::server
