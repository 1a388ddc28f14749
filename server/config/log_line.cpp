#include "server/config/log_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <type_traits>

namespace leat::server::log {
namespace {

/// The length of the UTF-8 character at the start of text, 0 when there is none (RFC 3629's table of well-formed sequences).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : (first & 0xf0U) == 0xe0        ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0U) != 0x80) return 0;
  }
  const unsigned char second = at(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

/// A string literal that JSON and logfmt readers both take.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool is_bare(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_number(std::string& out, double number) {
  if (std::isfinite(number)) {
    fmt::format_to(std::back_inserter(out), "{}", number);
  } else {
    out += "null";
  }
}

/// text_value writes a string in the format's own way; every other type looks the same in both.
template <class TextValue>
void append_value(std::string& out, const Field::Value& value, TextValue text_value) {
  std::visit(
      [&](const auto& held) {
        using Held = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string_view>) {
          text_value(held);
        } else if constexpr (std::is_same_v<Held, const Error*>) {
          text_value(held->message());
        } else if constexpr (std::is_same_v<Held, double>) {
          append_number(out, held);
        } else {
          fmt::format_to(std::back_inserter(out), "{}", held);
        }
      },
      value);
}

}  // namespace

std::string text_line(std::string_view level, std::string_view event, std::span<const Field> fields) {
  const auto append_text = [](std::string& out, std::string_view text) {
    if (is_bare(text)) {
      out += text;
    } else {
      append_quoted(out, text);
    }
  };
  std::string out = fmt::format("{:<5} ", level);
  out += event;
  for (const Field& field : fields) {
    out += ' ';
    append_text(out, field.key());
    out += '=';
    append_value(out, field.value(), [&](std::string_view text) { append_text(out, text); });
  }
  return out;
}

std::string json_members(std::string_view level, std::string_view event, std::span<const Field> fields) {
  std::string out = "\"level\":";
  append_quoted(out, level);
  out += ",\"event\":";
  append_quoted(out, event);
  for (const Field& field : fields) {
    out += ',';
    append_quoted(out, field.key());
    out += ':';
    append_value(out, field.value(), [&](std::string_view text) { append_quoted(out, text); });
  }
  return out;
}

}  // namespace leat::server::log
