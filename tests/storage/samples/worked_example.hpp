#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.hpp"

namespace leat::storage {

/// The bytes of the block in FORMAT.md that begins with ```hex NAME; a ';' starts a comment. Empty when there is none.
std::vector<std::byte> worked_example(std::string_view name);
/// The lines of the block that begins with ```text NAME, each with its end of line.
std::string worked_text(std::string_view name);

/// Sixteen bytes a line, so that a failing comparison shows where.
std::string hex(ByteSpan bytes);

}  // namespace leat::storage
