#pragma once

#include "server/http/routes.hpp"

namespace leat::server {

/// The console page at `/`, and its files under `/console/`. A daemon that was built without it says so at `/`.
void add_console_routes(Routes& routes);

}  // namespace leat::server
