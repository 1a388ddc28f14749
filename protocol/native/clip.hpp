#pragma once

#include <cstddef>
#include <string_view>

namespace leat::native {

/// The longest beginning of `text` within bytes_max that does not end inside a UTF-8 character.
inline std::string_view clipped(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace leat::native
