#pragma once

#include "server/broker/broker.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// /health/live: the daemon runs. /health/ready: it takes requests; 503 once a write has failed, which only a restart mends, and
/// while it drains. A full disk leaves it ready: readers are served, who publishes is told by 507, and retention or the operator
/// makes room while it runs; taking it out of service would take the reads away and free nothing.
void add_health_routes(Routes& routes, Broker& broker);

}  // namespace leat::server
