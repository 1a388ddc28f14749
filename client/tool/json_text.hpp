#pragma once

#include <string>
#include <string_view>

namespace leat::tool {

/// Appends a JSON string (RFC 8259) with its quotes. False, and `out` as it was, when the bytes are not UTF-8 (RFC 3629: overlong
/// forms, surrogates and values beyond U+10FFFF are none either).
bool append_json_string(std::string& out, std::string_view text);

/// The same for text that has to be shown whatever it is: each byte that is not UTF-8 becomes U+FFFD.
void append_json_string_lossy(std::string& out, std::string_view text);

/// Appends base64 (RFC 4648 section 4, padded), without quotes.
void append_base64(std::string& out, std::string_view bytes);

/// Appends `"name":"value"`, or `"name_base64":"..."` when the bytes are not UTF-8.
void append_json_bytes(std::string& out, std::string_view name, std::string_view bytes);

}  // namespace leat::tool
