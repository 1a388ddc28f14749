#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "server/net/client_list.hpp"

namespace leat::server {

class Connection;
class Session;

/// One header field. Names of requests are in lower case, as they compare without case.
struct HttpField {
  std::string name;
  std::string value;
};

/// A request whose head and body are there, apart from any transport.
struct HttpRequest {
  std::string method;
  std::string path;                                        ///< as it came, without the query
  std::vector<std::string> segments;                       ///< of the path, percent-decoded: {"v1", "topics", "orders"}
  std::vector<std::pair<std::string, std::string>> query;  ///< percent-decoded, in their order
  std::vector<std::string> arguments;                      ///< what stands for the route's variables
  std::vector<HttpField> fields;
  SharedBytes body;
  std::string peer;
  std::shared_ptr<const ClientList::Entry> client;  ///< the connection's place in the list of clients

  /// The first field of that name (in lower case), or nothing.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  /// The first value of that name in the query, or null.
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
};

/// What answers a request. Content-Length, Date, Server and Connection are the connection's to say.
struct HttpResponse {
  unsigned status = 200;
  std::vector<HttpField> fields;
  std::vector<SharedBytes> body;
  /// Set when the body has no end: it is what this session sends, until one of the two closes.
  std::function<std::shared_ptr<Session>(Connection&)> stream;
};

HttpResponse text_response(unsigned status, std::string_view content_type, std::string body);

}  // namespace leat::server
