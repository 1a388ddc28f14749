#include "client/tool/record_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>

#include "client/tool/escapes.hpp"
#include "protocol/cloudevents/json_format.hpp"
#include "protocol/cloudevents/record_mapping.hpp"
#include "protocol/text/json_text.hpp"
#include "protocol/text/record_json.hpp"
#include "protocol/text/timestamp.hpp"

namespace leat::tool {
namespace {

void append_number(std::string& out, std::integral auto value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end);
}

void append_raw(std::string& out, const std::optional<ByteSpan>& bytes) {
  if (bytes) out += as_text(*bytes);
}

void append_size(std::string& out, const std::optional<ByteSpan>& bytes) {
  append_number(out, bytes ? static_cast<std::int64_t>(bytes->size()) : std::int64_t{-1});
}

void append_headers(std::string& out, const record::HeaderRange& headers) {
  bool first = true;
  for (const auto& header : headers) {
    if (!first) out += ',';
    first = false;
    out.append(header.name).append("=");
    append_raw(out, header.value);
  }
}

constexpr std::array<bool, 256> kControl = [] {
  std::array<bool, 256> control{};
  std::fill(control.begin(), control.begin() + 0x20, true);
  control[0x7f] = true;
  return control;
}();

/// True when any of eight bytes is a control character.
bool any_control(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const std::uint64_t del = word ^ (kOnes * 0x7f);
  return ((below_space | ((del - kOnes) & ~del)) & (kOnes * 0x80)) != 0;
}

void append_control(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += '\\';
  if (c == '\n' || c == '\t' || c == '\r') {
    out += c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
  } else {
    out += 'x';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

void append_printable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t run = 0;
    while (run + 8 <= text.size() && !any_control(text.data() + run)) run += 8;
    while (run < text.size() && !kControl[static_cast<unsigned char>(text[run])]) ++run;
    out += text.substr(0, run);
    if (run == text.size()) return;
    append_control(out, text[run]);
    text.remove_prefix(run + 1);
  }
}

void append_printable(std::string& out, const std::optional<ByteSpan>& bytes) {
  append_printable(out, bytes ? as_text(*bytes) : "-");
}

}  // namespace

Result<RecordTemplate::Field> RecordTemplate::field_named(char name) {
  switch (name) {
    case 't':
      return Field::topic;
    case 'p':
      return Field::partition;
    case 'o':
      return Field::offset;
    case 'T':
      return Field::timestamp;
    case 'k':
      return Field::key;
    case 'v':
    case 's':
      return Field::value;
    case 'K':
      return Field::key_bytes;
    case 'S':
      return Field::value_bytes;
    case 'h':
      return Field::headers;
    default:
      return Error(Errc::invalid_argument,
                   std::string("a format takes %t %p %o %T %k %v %s %K %S %h and %%, not %").append(1, name));
  }
}

void RecordTemplate::add_literal(char c) {
  if (pieces_.empty() || pieces_.back().field != Field::literal) pieces_.push_back({Field::literal, {}});
  pieces_.back().literal += c;
}

Result<RecordTemplate> RecordTemplate::parse(std::string_view text) {
  RecordTemplate parsed;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      LEAT_ASSIGN(const char meaning, take_escape(text));
      parsed.add_literal(meaning);
    } else if (c != '%') {
      parsed.add_literal(c);
    } else if (text.empty()) {
      return Error(Errc::invalid_argument, "the format ends after a %: write %% for a percent sign");
    } else if (text.front() == '%') {
      parsed.add_literal('%');
      text.remove_prefix(1);
    } else {
      LEAT_ASSIGN(const Field field, field_named(text.front()));
      parsed.pieces_.push_back({field, {}});
      text.remove_prefix(1);
    }
  }
  return parsed;
}

void RecordTemplate::append(std::string& out, const PlacedRecord& placed) const {
  for (const auto& piece : pieces_) {
    switch (piece.field) {
      case Field::literal:
        out += piece.literal;
        break;
      case Field::topic:
        out += placed.topic;
        break;
      case Field::partition:
        append_number(out, placed.partition.value());
        break;
      case Field::offset:
        append_number(out, placed.record.offset.value());
        break;
      case Field::timestamp:
        append_number(out, placed.record.timestamp);
        break;
      case Field::key:
        append_raw(out, placed.record.key);
        break;
      case Field::value:
        append_raw(out, placed.record.value);
        break;
      case Field::key_bytes:
        append_size(out, placed.record.key);
        break;
      case Field::value_bytes:
        append_size(out, placed.record.value);
        break;
      case Field::headers:
        append_headers(out, placed.record.headers);
        break;
    }
  }
}

void append_record_line(std::string& out, const PlacedRecord& placed, bool with_topic) {
  if (with_topic) out.append(placed.topic).append("\t");
  append_number(out, placed.partition.value());
  out += '\t';
  append_number(out, placed.record.offset.value());
  out += '\t';
  append_timestamp(out, placed.record.timestamp);
  out += '\t';
  append_printable(out, placed.record.key);
  out += '\t';
  append_printable(out, placed.record.value);
  out += '\n';
}

void append_record_json(std::string& out, const PlacedRecord& placed) {
  out += "{\"topic\":";
  append_json_string_lossy(out, placed.topic);
  out += ",\"partition\":";
  append_number(out, placed.partition.value());
  out += ',';
  append_record_members(out, placed.record);
  out += "}\n";
}

void append_record_event(std::string& out, const PlacedRecord& placed) {
  cloudevents::append_json(out, cloudevents::event_of(placed.record, {placed.topic, placed.partition}));
  out += '\n';
}

}  // namespace leat::tool
