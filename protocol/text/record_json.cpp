#include "protocol/text/record_json.hpp"

#include <charconv>

#include "protocol/text/json_text.hpp"

namespace leat {
namespace {

void append_number(std::string& out, std::int64_t value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end);
}

void append_optional(std::string& out, std::string_view name, const std::optional<ByteSpan>& bytes) {
  if (bytes) return append_json_bytes(out, name, as_text(*bytes));
  out.append("\"").append(name).append("\":null");
}

}  // namespace

void append_record_members(std::string& out, const record::RecordView& record) {
  out += "\"offset\":";
  append_number(out, record.offset.value());
  out += ",\"timestamp\":";
  append_number(out, record.timestamp);
  out += ',';
  append_optional(out, "key", record.key);
  out += ',';
  append_optional(out, "value", record.value);
  out += ",\"headers\":[";
  bool first = true;
  for (const auto& header : record.headers) {
    out += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    append_json_string_lossy(out, header.name);
    out += ',';
    append_optional(out, "value", header.value);
    out += '}';
  }
  out += ']';
}

}  // namespace leat
