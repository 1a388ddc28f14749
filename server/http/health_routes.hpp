#pragma once

#include "server/broker/broker.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// /health/live: the daemon runs. /health/ready: it takes publishes and serves readers; 503 once a write has failed or while it
/// drains.
void add_health_routes(Routes& routes, Broker& broker);

}  // namespace leat::server
