#pragma once

#include <functional>

#include "server/http/api_context.hpp"
#include "server/http/handler.hpp"
#include "server/http/origin_policy.hpp"
#include "server/http/routes.hpp"
#include "server/net/client_list.hpp"
#include "server/net/network_memory.hpp"

namespace leat::server {

struct HttpApiOptions {
  std::vector<std::string> allowed_origins;
  bool on_loopback = true;
  NativeSessionOptions native_session;
  TextSessionOptions text_session;
  std::function<std::size_t()> connections;  ///< how many there are, over all transports
  std::shared_ptr<const ClientList> clients;
};

/// Everything that is served on the HTTP port. Any thread.
class HttpApi final : public HttpHandler {
 public:
  HttpApi(Broker& broker, const NetworkMemory& memory, HttpApiOptions options);

  std::optional<HttpResponse> refuse(const HttpRequest& head) const override;
  void add_cors(const HttpRequest& head, HttpResponse& response) const override;
  boost::asio::awaitable<HttpResponse> handle(HttpRequest request, Shard& shard) override;
  WebSocketOffer open_web_socket(const HttpRequest& head, const std::vector<std::string>& subprotocols, Shard& shard) override;
  [[nodiscard]] const Routes& routes() const { return routes_; }

 private:
  [[nodiscard]] HttpResponse answer_preflight(const HttpRequest& request, const std::string& allowed_methods) const;

  ApiContext context_;
  const OriginPolicy origins_;
  Routes routes_;
};

}  // namespace leat::server
