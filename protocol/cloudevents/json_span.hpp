#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace leat::cloudevents {

/// Walks over the outermost level of a JSON text that is known to be well-formed, and shows each value as it was written. A
/// parser's tree cannot give that back: it rounds numbers.
/// The name is as written between its quotes, escapes and all.
using JsonMember = std::function<void(std::string_view name, std::string_view value)>;
void for_each_json_member(std::string_view object, const JsonMember& member);
using JsonElement = std::function<void(std::string_view value)>;
void for_each_json_element(std::string_view array, const JsonElement& element);

/// Whether the whole text is one JSON value of at most 32 levels.
bool is_json(std::string_view text);

}  // namespace leat::cloudevents
