#pragma once

#include <string_view>

#include "server/http/routes.hpp"

namespace leat::server {

/// The description of everything in Routes, in OpenAPI 3.1: openapi.json as it is in the sources.
std::string_view openapi_document();

/// GET /v1/openapi.json.
void add_openapi_routes(Routes& routes);

}  // namespace leat::server
