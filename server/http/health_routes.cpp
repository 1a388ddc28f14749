#include "server/http/health_routes.hpp"

#include "server/http/problem.hpp"

namespace leat::server {

void add_health_routes(Routes& routes, Broker& broker) {
  routes.add("GET", "/health/live", [](const HttpRequest&, Shard&) -> boost::asio::awaitable<HttpResponse> {
    co_return text_response(200, "application/json", "{\"status\":\"live\"}\n");
  });
  routes.add("GET", "/health/ready", [&broker](const HttpRequest&, Shard&) -> boost::asio::awaitable<HttpResponse> {
    if (broker.draining()) co_return problem(Error(Errc::shutting_down));
    if (broker.has_failed()) co_return problem(503, Errc::storage_failed, "a write failed; what is durable is served");
    co_return text_response(200, "application/json", "{\"status\":\"ready\"}\n");
  });
}

}  // namespace leat::server
