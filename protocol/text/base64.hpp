#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.hpp"

namespace leat {

/// Base64 with padding, RFC 4648 section 4.
void append_base64(std::string& out, ByteSpan bytes);
/// Nothing for text that is not exactly that: white space, missing padding or bits beyond the last byte.
std::optional<std::vector<std::byte>> decode_base64(std::string_view text);

}  // namespace leat
