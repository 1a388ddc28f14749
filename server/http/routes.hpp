#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.hpp"

namespace leat::server {

class Shard;

/// Which code answers which method and path. Built once, then only read: any thread.
class Routes {
 public:
  using Handler = std::function<boost::asio::awaitable<HttpResponse>(const HttpRequest&, Shard&)>;

  /// A segment of the pattern in braces is a variable: "/v1/topics/{topic}". What answers GET also answers HEAD.
  void add(std::string method, std::string_view pattern, Handler handler);

  struct Listed {
    std::string method;
    std::string pattern;
  };
  /// As they were added.
  [[nodiscard]] std::vector<Listed> list() const;

  /// Null handler: nothing has that path (no allowed methods), or not with that method.
  struct Match {
    const Handler* handler = nullptr;
    std::vector<std::string> arguments;
    std::string allowed;  ///< the methods there are for the path: "GET, HEAD, POST"
  };
  [[nodiscard]] Match find(const std::string& method, const std::vector<std::string>& segments) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> pattern;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace leat::server
