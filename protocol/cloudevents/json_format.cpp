#include "protocol/cloudevents/json_format.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>

#include "protocol/base/bytes.hpp"
#include "protocol/cloudevents/json_span.hpp"
#include "protocol/text/base64.hpp"
#include "protocol/text/json_text.hpp"

namespace leat::cloudevents {
namespace {

namespace json = boost::json;

Error malformed(std::string_view what) { return Error(Errc::invalid_argument, std::string(what)); }

Error malformed(std::string_view name, std::string_view what) {
  std::string context("CloudEvents member ");
  context.append(name).append(" ").append(what);
  return malformed(context);
}

std::vector<std::byte> copy_of(std::string_view text) {
  const ByteSpan bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// The member `data` as it was written: the last, if a careless producer wrote two.
std::string_view raw_data(std::string_view object) {
  std::string_view data;
  for_each_json_member(object, [&](std::string_view name, std::string_view value) {
    if (name == "data") data = value;
  });
  return data;
}

Result<AttributeValue> attribute_value(std::string_view name, const json::value& value) {
  if (const auto* text = value.if_string()) return AttributeValue(std::string(text->data(), text->size()));
  if (const auto* flag = value.if_bool()) return AttributeValue(*flag);
  if (const auto* integer = value.if_int64()) {
    if (*integer >= std::numeric_limits<std::int32_t>::min() && *integer <= std::numeric_limits<std::int32_t>::max()) {
      return AttributeValue(static_cast<std::int32_t>(*integer));
    }
  }
  return malformed(name, "must be a string, a boolean or a 32-bit integer");
}

/// Data in `data`: JSON as written, or what the string says when the type is not JSON.
Result<void> take_data(Event& event, std::string_view text, const json::value& value) {
  if (event.find("datacontenttype") == nullptr) event.set("datacontenttype", std::string("application/json"));
  if (is_json_media_type(event.text("datacontenttype"))) {
    const std::string_view raw = raw_data(text);
    if (raw.empty()) return malformed("data", "must be written without escapes in its name");
    event.data = copy_of(raw);
    return ok();
  }
  const auto* string = value.if_string();
  if (string == nullptr) return malformed("data", "must be a string, as datacontenttype is not JSON");
  event.data = copy_of({string->data(), string->size()});
  return ok();
}

Result<void> take_base64(Event& event, const json::value& value) {
  const auto* string = value.if_string();
  auto bytes = string == nullptr ? std::nullopt : decode_base64({string->data(), string->size()});
  if (!bytes) return malformed("data_base64", "must be a string of Base64");
  event.data = std::move(*bytes);
  return ok();
}

}  // namespace

Result<Event> parse_json(std::string_view text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error) return malformed("not JSON: " + error.message());
  const auto* object = parsed.if_object();
  if (object == nullptr) return malformed("a CloudEvent is a JSON object");
  Event event;
  const json::value* data = nullptr;
  const json::value* data_base64 = nullptr;
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (member.value().is_null()) continue;  // the specification's way of leaving it out
    if (name == "data") {
      data = &member.value();
    } else if (name == "data_base64") {
      data_base64 = &member.value();
    } else {
      LEAT_ASSIGN(auto value, attribute_value(name, member.value()));
      event.attributes.push_back({std::string(name), std::move(value)});
    }
  }
  if (data != nullptr && data_base64 != nullptr) return malformed("a CloudEvent has data or data_base64, not both");
  if (data != nullptr) LEAT_TRY(take_data(event, text, *data));
  if (data_base64 != nullptr) LEAT_TRY(take_base64(event, *data_base64));
  LEAT_TRY(validate(event));
  return event;
}

Result<std::vector<Event>> parse_json_batch(std::string_view text, std::size_t events_max) {
  if (!is_json(text)) return malformed("not JSON, or nested too deeply");
  if (text[text.find_first_not_of(" \t\r\n")] != '[') return malformed("a CloudEvents batch is a JSON array");
  std::vector<Event> events;
  std::optional<Error> failed;
  for_each_json_element(text, [&](std::string_view element) {
    if (failed) return;
    if (events.size() == events_max) {
      failed = Error(Errc::invalid_argument, "a batch has at most " + std::to_string(events_max) + " events");
      return;
    }
    auto event = parse_json(element);
    if (event.has_error()) {
      failed = Error(event.error().code, "event " + std::to_string(events.size()) + " of the batch: " + event.error().context);
    } else {
      events.push_back(std::move(event).value());
    }
  });
  if (failed) return *failed;
  return events;
}

void append_json(std::string& out, const Event& event) {
  out += '{';
  for (const Attribute& attribute : event.attributes) {
    if (out.back() != '{') out += ',';
    append_json_string_lossy(out, attribute.name);
    out += ':';
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      append_json_string_lossy(out, *text);
    } else {
      out += canonical_text(attribute.value);
    }
  }
  if (event.data) {
    const std::string_view data = as_text(*event.data);
    const std::string_view type = event.text("datacontenttype");
    const bool is_json_type = is_json_media_type(type);
    const std::size_t before = out.size();
    out += ",\"data\":";
    if (is_json_type && is_json(data)) {
      out += data;
    } else if (is_json_type || type.empty() || !append_json_string(out, data)) {
      out.resize(before);
      out += ",\"data_base64\":\"";
      append_base64(out, *event.data);
      out += '"';
    }
  }
  out += '}';
}

}  // namespace leat::cloudevents
