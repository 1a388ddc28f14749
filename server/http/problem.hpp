#pragma once

#include <string>
#include <string_view>

#include "protocol/base/error.hpp"
#include "server/http/message.hpp"

namespace leat::server {

/// What a client could not have known to be wrong, and what it may do about it: an RFC 9457 problem details object with the
/// members `type` (about:blank), `title` (the status code's name), `status`, `detail` and leat's own `code` (PROTOCOL.md's
/// identifier) and `retriable`. Where waiting helps there is a Retry-After.
HttpResponse problem(unsigned status, Errc code, std::string_view detail, std::string_view members = {});
/// With the status that stands for the code, and the error's message for a detail. `members`: more of them, as JSON without
/// braces.
HttpResponse problem(const Error& error, std::string_view members = {});

unsigned http_status_of(Errc code);

}  // namespace leat::server
