#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.hpp"
#include "server/metrics/transport.hpp"

namespace leat::server {

class Shard;

/// What an HTTP listener serves. Any thread; each call is for a connection of the given shard and continues on it.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  /// Says whether this host and origin may speak to the daemon at all, as browsers tell them. Called before the body is read.
  virtual std::optional<HttpResponse> refuse(const HttpRequest& head) const = 0;
  /// Lets the page that asked read an answer that handle() did not give.
  virtual void add_cors(const HttpRequest& head, HttpResponse& response) const = 0;
  /// Never throws for what a peer sent.
  virtual boost::asio::awaitable<HttpResponse> handle(HttpRequest request, Shard& shard) = 0;

  /// How an upgrade to WebSocket is answered: with the subprotocol that was chosen and what makes its session, or refused.
  struct WebSocketOffer {
    std::string subprotocol;           ///< empty: none, and no header says any
    bool whole_text_messages = false;  ///< otherwise a stream of bytes in binary messages
    Transport transport = Transport::leat_v1;
    std::function<std::shared_ptr<Session>(Connection&)> session;
    std::optional<HttpResponse> refusal;
  };
  virtual WebSocketOffer open_web_socket(const HttpRequest& head, const std::vector<std::string>& subprotocols, Shard& shard) = 0;
};

}  // namespace leat::server
