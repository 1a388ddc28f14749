#pragma once

#include "server/http/api_context.hpp"
#include "server/http/routes.hpp"

namespace leat::server {

/// GET /v1/topics/{topic}/partitions/{partition}/records: JSON, or the raw batches as application/octet-stream.
void add_record_routes(Routes& routes, const ApiContext& context);

}  // namespace leat::server
