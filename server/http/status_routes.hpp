#pragma once

#include <functional>

#include "server/broker/broker.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// GET /v1/status: the daemon as a whole, for a person who looks at it (the console's overview). `connections` says how many
/// there are, over all transports; any thread calls it.
void add_status_routes(Routes& routes, Broker& broker, std::function<std::size_t()> connections);

}  // namespace leat::server
