#include "server/http/openapi_routes.hpp"

namespace leat::server {

void add_openapi_routes(Routes& routes) {
  routes.add("GET", "/v1/openapi.json", [](const HttpRequest&, Shard&) -> boost::asio::awaitable<HttpResponse> {
    HttpResponse response;
    response.fields = {{"content-type", "application/json"}, {"cache-control", "no-cache"}};
    // It lives as long as the program.
    response.body.emplace_back(nullptr, as_bytes(openapi_document()));
    co_return response;
  });
}

}  // namespace leat::server
