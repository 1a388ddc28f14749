#pragma once

#include <string_view>

#include "protocol/base/result.hpp"
#include "server/http/message.hpp"

namespace leat::server {

/// Takes a request's target apart: origin form ("/v1/topics?prefix=a"), or the absolute form that proxies send. Sets path,
/// segments and query; invalid_argument for what is no target (RFC 9112).
Result<void> parse_target(std::string_view target, HttpRequest& request);

}  // namespace leat::server
