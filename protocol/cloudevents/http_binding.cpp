#include "protocol/cloudevents/http_binding.hpp"

#include <algorithm>
#include <optional>

#include "protocol/text/json_text.hpp"

namespace leat::cloudevents {
namespace {

constexpr std::string_view kStructured = "application/cloudevents";
constexpr std::string_view kBatch = "application/cloudevents-batch";
constexpr std::string_view kPrefix = "ce-";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string media_type(std::string_view content_type) {
  std::string type = lower(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  return type;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// What a quoted-string (RFC 9110, section 5.6.4) says; anything else is as it is.
std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::string(value);
  std::string text;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '"') return i + 1 == value.size() ? text : std::string(value);
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    text += value[i];
  }
  return std::string(value);
}

}  // namespace

ContentMode content_mode(std::string_view content_type, bool has_specversion_header) {
  const std::string type = media_type(content_type);
  if (type.starts_with(kBatch)) return ContentMode::batched;
  if (type.starts_with(kStructured)) return ContentMode::structured;
  return has_specversion_header ? ContentMode::binary : ContentMode::none;
}

bool is_json_format(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type == "application/cloudevents+json" || type == "application/cloudevents-batch+json";
}

Result<Event> parse_binary(std::span<const HttpField> fields, std::string_view content_type, ByteSpan body) {
  Event event;
  for (const HttpField& field : fields) {
    const std::string name = lower(field.name);
    if (!name.starts_with(kPrefix)) continue;
    const std::string attribute = name.substr(kPrefix.size());
    if (attribute == "datacontenttype") {
      return Error(Errc::invalid_argument, "datacontenttype is the Content-Type header in binary mode");
    }
    if (event.find(attribute) != nullptr) {
      Error twice(Errc::invalid_argument, "given twice: ");
      twice.context += field.name;
      return twice;
    }
    auto value = percent_decode(unquoted(field.value));
    if (value.has_error()) {
      Error malformed(Errc::invalid_argument, value.error().context);
      malformed.context.append(" in the header ").append(field.name);
      return malformed;
    }
    event.set(attribute, std::move(value).value());
  }
  if (!content_type.empty()) event.set("datacontenttype", std::string(content_type));
  if (!body.empty()) event.data = std::vector<std::byte>(body.begin(), body.end());
  LEAT_TRY(validate(event));
  return event;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) return Error(Errc::invalid_argument, "malformed percent-encoding");
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  if (!is_utf8(out)) return Error(Errc::invalid_argument, "not UTF-8");
  return out;
}

}  // namespace leat::cloudevents
