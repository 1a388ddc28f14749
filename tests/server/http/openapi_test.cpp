#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "server/http/http_api.hpp"
#include "server/http/openapi_routes.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;
using Operations = std::set<std::string>;

constexpr std::array<std::string_view, 8> kMethods{"get", "put", "post", "delete", "options", "head", "patch", "trace"};

json::value document() { return json::parse({openapi_document().data(), openapi_document().size()}); }

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
  return text;
}

Operations described() {
  Operations operations;
  const json::value read = document();
  for (const auto& [path, item] : read.at("paths").as_object()) {
    for (const auto& [key, operation] : item.as_object()) {
      if (std::ranges::find(kMethods, std::string_view(key)) == kMethods.end()) continue;
      operations.insert(upper(key) + " " + std::string(path));
    }
  }
  return operations;
}

class OpenApi : public ServerTest {
 protected:
  OpenApi() { start(); }
  Operations served() {
    const HttpApi api(server->broker(), make_network_memory(1 << 20, 1 << 20), {});
    Operations operations;
    for (const auto& [method, pattern] : api.routes().list()) {
      // The console page's files are no API.
      if (!pattern.empty() && !pattern.starts_with("/console/")) operations.insert(method + " " + pattern);
    }
    return operations;
  }
};

TEST_F(OpenApi, DescribesWhatIsServedAndNothingElse) { EXPECT_EQ(described(), served()); }

TEST_F(OpenApi, EveryVariableOfAPathIsAParameter) {
  const json::value read = document();
  for (const auto& [path, item] : read.at("paths").as_object()) {
    const std::string_view pattern(path);
    const auto variables = std::ranges::count(pattern, '{');
    const json::value* const parameters = item.as_object().if_contains("parameters");
    const std::size_t said = parameters == nullptr ? 0 : parameters->as_array().size();
    EXPECT_EQ(said, static_cast<std::size_t>(variables)) << path;
  }
}

}  // namespace
}  // namespace leat::server
