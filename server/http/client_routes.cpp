#include "server/http/client_routes.hpp"

#include <charconv>

#include "protocol/text/json_text.hpp"
#include "server/http/problem.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kClientsListedMax = 1000;

void append_client(std::string& out, const Client& client) {
  out += "{\"id\":" + std::to_string(client.id) + ",\"peer\":";
  append_json_string_lossy(out, client.peer);
  out += ",\"protocol\":";
  append_json_string_lossy(out, client.protocol);
  out += ",\"name\":";
  append_json_string_lossy(out, client.name);
  out += ",\"since\":" + std::to_string(client.since) + "}";
}

/// A page of them, those behind the id `after`.
HttpResponse list(const ClientList& clients, const HttpRequest& request) {
  std::uint64_t after = 0;
  for (const auto& [name, value] : request.query) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), after);
    if (name != "after" || error != std::errc() || end != value.data() + value.size()) {
      return problem(400, Errc::invalid_argument, "the query takes after, the id of a client");
    }
  }
  std::vector<Client> listed = clients.behind(after, kClientsListedMax + 1);
  const bool more = listed.size() > kClientsListedMax;
  if (more) listed.pop_back();
  std::string body = "{\"clients\":[";
  for (const Client& client : listed) {
    if (body.back() != '[') body += ',';
    append_client(body, client);
  }
  body += more ? "],\"more\":true}\n" : "],\"more\":false}\n";
  HttpResponse response = text_response(200, "application/json", std::move(body));
  response.fields.push_back({"cache-control", "no-store"});
  return response;
}

}  // namespace

void add_client_routes(Routes& routes, std::shared_ptr<const ClientList> clients) {
  routes.add("GET", "/v1/clients",
             [clients = std::move(clients)](const HttpRequest& request, Shard&) -> boost::asio::awaitable<HttpResponse> {
               co_return list(*clients, request);
             });
}

}  // namespace leat::server
