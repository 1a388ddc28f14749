#pragma once

#include "server/http/api_context.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// POST /v1/topics/{topic}/events: CloudEvents in binary, structured or batched mode, or any bytes. Answered when they are stored
/// at the level asked for, durably unless said otherwise.
void add_event_routes(Routes& routes, const ApiContext& context);

}  // namespace leat::server
