#pragma once

#include "server/http/api_context.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// GET /metrics: METRICS.md.
void add_metrics_routes(Routes& routes, const ApiContext& context);

}  // namespace leat::server
