#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/src/endpoint.hpp"
#include "leat/producer.hpp"
#include "protocol/base/result.hpp"

/// What the words of a command line mean.
namespace leat::tool {

using Positionals = std::vector<std::string>;

Error usage_error(std::string text);
Result<void> expect_count(const Positionals& given, std::size_t min, std::size_t max, std::string_view names);
Result<std::string> topic_name(const std::string& given);
/// "a,b" as its names, each once.
Result<std::vector<std::string>> topic_names(const std::string& given);
/// "name=value", for -c and -H.
Result<std::pair<std::string, std::string>> split_assignment(const std::string& text, std::string_view flag);
AckLevel ack_named(std::string_view name);
/// Where the broker of a URL takes WebSockets: there, when it is of a WebSocket, and on HTTP's own port of the host otherwise.
std::string web_socket_url(const client::Endpoint& endpoint);

}  // namespace leat::tool
