#pragma once

#include "server/http/api_context.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// /v1/topics: list and create; /v1/topics/{topic}: describe, alter, delete.
void add_topic_routes(Routes& routes, const ApiContext& context);

}  // namespace leat::server
