#pragma once

#include "server/support/server_test.hpp"
#include "server/support/web_client.hpp"

namespace leat::server {

/// A broker that is asked over HTTP.
class WebTest : public ServerTest {
 protected:
  WebClient web() { return WebClient(server->http_port()); }
  /// On a connection of its own.
  HttpAnswer ask(const std::string& method, const std::string& target, const HttpFields& fields = {}, std::string body = {}) {
    return web().ask(method, target, fields, std::move(body));
  }
  HttpAnswer publish(const std::string& topic, const std::string& body, const HttpFields& fields = {}) {
    return ask("POST", "/v1/topics/" + topic + "/events", fields, body);
  }
  /// A topic's records from `from` on, as JSON.
  boost::json::value records_of(const std::string& topic, int partition = 0, const std::string& query = "") {
    return json_of(ask("GET", "/v1/topics/" + topic + "/partitions/" + std::to_string(partition) + "/records" + query))
        .at("records");
  }
  /// What a metric without labels says.
  std::uint64_t metric(const std::string& name) {
    const std::string text = ask("GET", "/metrics").body();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0 : static_cast<std::uint64_t>(std::stod(text.substr(at + name.size() + 2)));
  }
  static std::string code_of(const HttpAnswer& answer) { return std::string(json_of(answer).at("code").as_string()); }
};

}  // namespace leat::server
