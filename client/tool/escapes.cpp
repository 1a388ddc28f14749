#include "client/tool/escapes.hpp"

#include <charconv>

namespace leat::tool {
namespace {

Error unknown_escape(std::string_view escape) {
  return Error(Errc::invalid_argument,
               "\"\\" + std::string(escape) + "\" is no escape: expected \\n, \\t, \\r, \\0, \\\\ or \\xHH");
}

Result<char> take_hex(std::string_view& rest) {
  const auto digits = rest.substr(1, 2);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + 2) return unknown_escape(rest.substr(0, 3));
  rest.remove_prefix(3);
  return static_cast<char>(value);
}

}  // namespace

Result<char> take_escape(std::string_view& rest) {
  constexpr std::string_view kLetters = "ntr0\\";
  constexpr std::string_view kMeanings{"\n\t\r\0\\", 5};
  if (rest.empty()) return unknown_escape(rest);
  if (rest.front() == 'x') return take_hex(rest);
  const auto letter = kLetters.find(rest.front());
  if (letter == std::string_view::npos) return unknown_escape(rest.substr(0, 1));
  rest.remove_prefix(1);
  return kMeanings[letter];
}

Result<std::string> unescape(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      LEAT_ASSIGN(const char meaning, take_escape(text));
      plain += meaning;
    } else {
      plain += c;
    }
  }
  return plain;
}

}  // namespace leat::tool
