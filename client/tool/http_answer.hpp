#pragma once

#include <string_view>

#include "leat/producer.hpp"
#include "protocol/base/result.hpp"

namespace leat::tool {

/// What the answer to one published record says: where it is stored, or why it is not. The problem details (RFC 9457) of a broker
/// name the error; an answer of something else is unsupported_request or, from 500 on, internal, with the status.
Result<Delivery> parse_publish_answer(unsigned status, std::string_view body);

/// The error of an answer that is none of 2xx.
Error error_of_answer(unsigned status, std::string_view body);

}  // namespace leat::tool
