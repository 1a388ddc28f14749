#pragma once

#include <string>
#include <string_view>

namespace leat {

/// Appends a JSON string (RFC 8259) with its quotes. False, and `out` as it was, when the bytes are not UTF-8 (RFC 3629: overlong
/// forms, surrogates and values beyond U+10FFFF are none either).
bool append_json_string(std::string& out, std::string_view text);

/// The same for text that has to be shown whatever it is: each byte that is not UTF-8 becomes U+FFFD.
void append_json_string_lossy(std::string& out, std::string_view text);

/// Whether the bytes are UTF-8, as append_json_string takes them.
bool is_utf8(std::string_view text);

/// Appends `"name":"value"`, or `"name_base64":"..."` when the bytes are not UTF-8.
void append_json_bytes(std::string& out, std::string_view name, std::string_view bytes);

}  // namespace leat
