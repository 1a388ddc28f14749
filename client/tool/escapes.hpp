#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat::tool {

/// Takes one escape off the front of `rest`, which begins after the backslash: n, t, r, 0, a backslash, or xHH.
Result<char> take_escape(std::string_view& rest);

/// Replaces every escape of a text: '\t' written in a shell's single quotes becomes a tab.
Result<std::string> unescape(std::string_view text);

}  // namespace leat::tool
