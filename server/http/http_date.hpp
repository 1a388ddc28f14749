#pragma once

#include <ctime>
#include <string>

namespace leat::server {

/// A time as HTTP writes it (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". Any thread.
std::string http_date(std::time_t time);

}  // namespace leat::server
