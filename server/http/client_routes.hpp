#pragma once

#include <memory>

#include "server/http/routes.hpp"
#include "server/net/client_list.hpp"

namespace leat::server {

/// GET /v1/clients: who is connected, by what, and since when.
void add_client_routes(Routes& routes, std::shared_ptr<const ClientList> clients);

}  // namespace leat::server
