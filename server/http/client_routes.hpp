#pragma once

#include <memory>

#include "server/broker/broker.hpp"
#include "server/http/routes.hpp"
#include "server/net/client_list.hpp"

namespace leat::server {

/// GET /v1/clients: who is connected, by what, since when, and what it has sent, got and not got yet.
void add_client_routes(Routes& routes, Broker& broker, std::shared_ptr<const ClientList> clients);

}  // namespace leat::server
