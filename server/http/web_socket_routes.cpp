#include "server/http/web_socket_routes.hpp"

#include "server/http/problem.hpp"
#include "server/http/stream_request.hpp"
#include "server/session/cloudevents_session.hpp"
#include "server/session/json_session.hpp"

namespace leat::server {
namespace {

constexpr std::string_view kWebSocketPath = "/v1/ws";

using Offer = HttpHandler::WebSocketOffer;

Offer refused(HttpResponse response) {
  Offer offer;
  offer.refusal = std::move(response);
  return offer;
}

Offer offer_native(const ApiContext& context, const HttpRequest& head, Shard& shard) {
  Offer offer;
  offer.session = [&context, &shard, peer = head.peer, client = head.client](Connection& connection) -> std::shared_ptr<Session> {
    NativeSessionOptions options = context.native_session;
    options.peer = peer;
    options.transport = Transport::leat_v1;
    options.client = client;
    return std::make_shared<NativeSession>(context.broker, shard, connection, context.sending, std::move(options));
  };
  return offer;
}

Offer offer_json(const ApiContext& context, const HttpRequest& head, Shard& shard) {
  Offer offer;
  offer.whole_text_messages = true;
  offer.transport = Transport::leat_json;
  offer.session = [&context, &shard, peer = head.peer](Connection& connection) -> std::shared_ptr<Session> {
    TextSessionOptions options = context.text_session;
    options.peer = peer;
    return std::make_shared<JsonSession>(context.text(shard), connection, std::move(options));
  };
  return offer;
}

Offer offer_cloudevents(const ApiContext& context, const HttpRequest& head, Shard& shard) {
  auto parsed = parse_stream_request(head);
  if (parsed.has_error()) return refused(problem(parsed.error()));
  const std::string* const topic = head.parameter("topic");
  if (topic == nullptr) return refused(problem(400, Errc::invalid_argument, "the query names no topic"));
  if (!context.broker.topics().by_name(*topic)) return refused(problem(Error(Errc::unknown_topic, *topic)));
  CloudEventsSession::Request request{*topic, parsed->partition, parsed->from, std::move(parsed->filter)};
  Offer offer;
  offer.whole_text_messages = true;
  offer.transport = Transport::cloudevents;
  offer.session = [&context, &shard, peer = head.peer, request](Connection& connection) -> std::shared_ptr<Session> {
    TextSessionOptions options = context.text_session;
    options.peer = peer;
    return std::make_shared<CloudEventsSession>(context.text(shard), connection, std::move(options), request);
  };
  return offer;
}

}  // namespace

Offer offer_web_socket(const ApiContext& context, const HttpRequest& head, const std::vector<std::string>& subprotocols,
                       Shard& shard) {
  if (head.path != kWebSocketPath) {
    return refused(problem(404, Errc::unsupported_request, "WebSockets are at " + std::string(kWebSocketPath)));
  }
  for (const std::string& wanted : subprotocols) {
    const auto offer_for = wanted == "leat.v1"            ? offer_native
                           : wanted == "leat.json.v1"     ? offer_json
                           : wanted == "cloudevents.json" ? offer_cloudevents
                                                          : nullptr;
    if (offer_for == nullptr) continue;
    Offer offer = offer_for(context, head, shard);
    offer.subprotocol = wanted;
    return offer;
  }
  return refused(problem(400, Errc::unsupported_version,
                         "offer one of the subprotocols leat.v1, leat.json.v1 and cloudevents.json (Sec-WebSocket-Protocol)"));
}

void add_web_socket_routes(Routes& routes) {
  routes.add("GET", kWebSocketPath, [](const HttpRequest&, Shard&) -> boost::asio::awaitable<HttpResponse> {
    HttpResponse response = problem(426, Errc::unsupported_request, "WebSockets are here: ask for an upgrade");
    response.fields.push_back({"upgrade", "websocket"});
    co_return response;
  });
}

}  // namespace leat::server
