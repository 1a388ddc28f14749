#include "server/http/client_routes.hpp"

#include <charconv>

#include "protocol/text/json_text.hpp"
#include "server/broker/await.hpp"
#include "server/http/problem.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kClientsListedMax = 1000;

void append_client(std::string& out, const Client& client, const LagReport::OfClient& lag) {
  out += "{\"id\":" + std::to_string(client.id) + ",\"peer\":";
  append_json_string_lossy(out, client.peer);
  out += ",\"protocol\":";
  append_json_string_lossy(out, client.protocol);
  out += ",\"name\":";
  append_json_string_lossy(out, client.name);
  const auto append = [&out](std::string_view name, auto value) {
    out.append(",\"").append(name).append("\":").append(std::to_string(value));
  };
  append("since", client.since);
  append("received_bytes", client.traffic->received_bytes.value());
  append("sent_bytes", client.traffic->sent_bytes.value());
  append("subscriptions", lag.subscriptions);
  append("lag_records", lag.records);
  out += '}';
}

/// A page of them, those behind the id `after`.
boost::asio::awaitable<HttpResponse> list(Broker& broker, const ClientList& clients, const HttpRequest& request) {
  std::uint64_t after = 0;
  for (const auto& [name, value] : request.query) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), after);
    if (name != "after" || error != std::errc() || end != value.data() + value.size()) {
      co_return problem(400, Errc::invalid_argument, "the query takes after, the id of a client");
    }
  }
  std::vector<Client> listed = clients.behind(after, kClientsListedMax + 1);
  const bool more = listed.size() > kClientsListedMax;
  if (more) listed.pop_back();
  const LagReport lag = co_await lag_of_all(broker);
  std::string body = "{\"clients\":[";
  for (const Client& client : listed) {
    if (body.back() != '[') body += ',';
    const auto found = lag.clients.find(client.id);
    append_client(body, client, found == lag.clients.end() ? LagReport::OfClient() : found->second);
  }
  body += more ? "],\"more\":true}\n" : "],\"more\":false}\n";
  HttpResponse response = text_response(200, "application/json", std::move(body));
  response.fields.push_back({"cache-control", "no-store"});
  co_return response;
}

}  // namespace

void add_client_routes(Routes& routes, Broker& broker, std::shared_ptr<const ClientList> clients) {
  routes.add("GET", "/v1/clients", [&broker, clients = std::move(clients)](const HttpRequest& request, Shard&) {
    return list(broker, *clients, request);
  });
}

}  // namespace leat::server
