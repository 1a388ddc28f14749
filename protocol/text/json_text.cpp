#include "protocol/text/json_text.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "protocol/text/base64.hpp"

namespace leat {
namespace {

/// What one byte asks for: 0 to copy it, 'u' for \u00XX, 1 for the start of a multi-byte sequence, else the letter after a
/// backslash.
constexpr std::array<char, 256> kAction = [] {
  std::array<char, 256> action{};
  for (std::size_t c = 0; c < 0x20; ++c) action[c] = 'u';
  for (std::size_t c = 0x80; c < 256; ++c) action[c] = 1;
  action['"'] = '"';
  action['\\'] = '\\';
  action['\n'] = 'n';
  action['\r'] = 'r';
  action['\t'] = 't';
  action['\b'] = 'b';
  action['\f'] = 'f';
  return action;
}();

/// True when any of eight bytes is a control character, a quote, a backslash or not ASCII.
bool any_special(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const auto zero_byte = [](std::uint64_t w) { return (w - kOnes) & ~w & kHighs; };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
  return ((word & kHighs) | control | zero_byte(word ^ (kOnes * '"')) | zero_byte(word ^ (kOnes * '\\'))) != 0;
}

std::size_t plain_run(std::string_view text, std::size_t from) {
  std::size_t at = from;
  while (at + 8 <= text.size() && !any_special(text.data() + at)) at += 8;
  while (at < text.size() && kAction[static_cast<unsigned char>(text[at])] == 0) ++at;
  return at - from;
}

/// Bytes of the well-formed sequence at `at` (2 to 4, Unicode table 3-7), 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto between = [&](std::size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned lead = byte(0);
  if (lead >= 0xc2 && lead <= 0xdf) return between(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = between(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && between(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = between(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && between(2, 0x80, 0xbf) && between(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, unsigned char c) {
  const char action = kAction[c];
  out += '\\';
  out += action;
  if (action != 'u') return;
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "00";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

enum class OnInvalid { stop, replace };

bool append_quoted(std::string& out, std::string_view text, OnInvalid on_invalid) {
  const std::size_t before = out.size();
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t run = plain_run(text, at);
    out.append(text.data() + at, run);
    at += run;
    if (at == text.size()) break;
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      append_escape(out, c);
      ++at;
    } else if (const std::size_t length = sequence_length(text, at); length != 0) {
      out.append(text.data() + at, length);
      at += length;
    } else if (on_invalid == OnInvalid::replace) {
      out += "\xef\xbf\xbd";
      ++at;
    } else {
      out.resize(before);
      return false;
    }
  }
  out += '"';
  return true;
}

}  // namespace

bool append_json_string(std::string& out, std::string_view text) { return append_quoted(out, text, OnInvalid::stop); }

void append_json_string_lossy(std::string& out, std::string_view text) { append_quoted(out, text, OnInvalid::replace); }

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    at += plain_run(text, at);
    if (at == text.size()) break;
    const bool ascii = static_cast<unsigned char>(text[at]) < 0x80;
    const std::size_t length = ascii ? 1 : sequence_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void append_json_bytes(std::string& out, std::string_view name, std::string_view bytes) {
  const std::size_t before = out.size();
  out.append("\"").append(name).append("\":");
  if (append_json_string(out, bytes)) return;
  out.resize(before);
  out.append("\"").append(name).append("_base64\":\"");
  append_base64(out, as_bytes(bytes));
  out += '"';
}

}  // namespace leat
