#include "protocol/cloudevents/event.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>

#include "protocol/text/timestamp.hpp"

namespace leat::cloudevents {
namespace {

Error malformed(std::string_view name, std::string_view what) {
  std::string context("CloudEvents attribute ");
  context.append(name).append(" ").append(what);
  return Error(Errc::invalid_argument, std::move(context));
}

/// U+0000-U+001F and U+007F-U+009F, which no attribute may contain.
bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view without_parameters(std::string_view media_type) { return trimmed(media_type.substr(0, media_type.find(';'))); }

bool is_media_type(std::string_view text) {
  const std::string_view type = without_parameters(text);
  const auto slash = type.find('/');
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) && is_token(type.substr(slash + 1));
}

bool ends_with_no_case(std::string_view text, std::string_view lower_end) {
  if (text.size() < lower_end.size()) return false;
  return std::ranges::equal(text.substr(text.size() - lower_end.size()), lower_end,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

Result<void> check_required(const Event& event) {
  for (const std::string_view name : {"specversion", "id", "source", "type"}) {
    if (event.find(name) == nullptr) return malformed(name, "is missing");
    if (event.text(name).empty()) return malformed(name, "must be a non-empty string");
  }
  if (event.text("specversion") != "1.0") return malformed("specversion", "must be \"1.0\"");
  return ok();
}

std::string_view text_of(const Attribute& attribute) {
  const auto* text = std::get_if<std::string>(&attribute.value);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

}  // namespace

const AttributeValue* Event::find(std::string_view name) const {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  return found == attributes.end() ? nullptr : &found->value;
}

std::string_view Event::text(std::string_view name) const {
  const AttributeValue* value = find(name);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

void Event::set(std::string_view name, AttributeValue value) {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  if (found != attributes.end()) {
    found->value = std::move(value);
  } else {
    attributes.push_back({std::string(name), std::move(value)});
  }
}

std::string canonical_text(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int32_t>(&value)) return std::to_string(*integer);
  return std::get<bool>(value) ? "true" : "false";
}

bool is_attribute_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool is_json_media_type(std::string_view media_type) {
  const std::string_view type = without_parameters(media_type);
  return ends_with_no_case(type, "/json") || ends_with_no_case(type, "+json");
}

Result<void> validate(const Attribute& attribute) {
  const std::string_view name = attribute.name;
  const std::string_view text = text_of(attribute);
  if (!is_attribute_name(name)) return malformed(name, "has a name that is not of a-z and 0-9");
  if (name == "data") return malformed(name, "is no attribute");
  if (has_control_characters(text)) return malformed(name, "contains a control character");
  if (name == "source" && (text.empty() || boost::urls::parse_uri_reference(text).has_error()))
    return malformed(name, "must be a URI or a relative reference");
  if (name == "dataschema" && (text.empty() || boost::urls::parse_uri(text).has_error())) return malformed(name, "must be a URI");
  if (name == "datacontenttype" && !is_media_type(text)) return malformed(name, "must be a media type");
  if (name == "subject" && text.empty()) return malformed(name, "must be a non-empty string");
  if (name == "time" && !is_rfc3339(text)) return malformed(name, "must be an RFC 3339 timestamp");
  return ok();
}

Result<void> validate(const Event& event) {
  if (event.attributes.size() > kAttributesMax) {
    return Error(Errc::invalid_argument, "an event has at most " + std::to_string(kAttributesMax) + " attributes");
  }
  LEAT_TRY(check_required(event));
  for (const Attribute& attribute : event.attributes) LEAT_TRY(validate(attribute));
  return ok();
}

}  // namespace leat::cloudevents
