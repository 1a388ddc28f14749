#include "protocol/cloudevents/record_mapping.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/cloudevents/json_format.hpp"
#include "protocol/text/json_text.hpp"
#include "protocol/text/timestamp.hpp"

namespace leat::cloudevents {
namespace {

constexpr std::string_view kPrefix = "ce_";
constexpr std::string_view kContentType = "content-type";
/// "name=integer,other=boolean": the attributes that are no strings.
constexpr std::string_view kTypesHeader = "leat-ce-types";
constexpr std::string_view kInteger = "integer";
constexpr std::string_view kBoolean = "boolean";
/// Of those that a record may give: for its content type and its place.
constexpr std::size_t kAttributesKept = 4;

std::string_view type_name(const AttributeValue& value) {
  if (std::holds_alternative<std::int32_t>(value)) return kInteger;
  return std::holds_alternative<bool>(value) ? kBoolean : std::string_view();
}

std::string_view text_of(const std::optional<ByteSpan>& bytes) { return bytes ? as_text(*bytes) : std::string_view(); }

/// The type that `types` names for an attribute; empty for a string.
std::string_view declared_type(std::string_view types, std::string_view name) {
  while (!types.empty()) {
    const std::string_view entry = types.substr(0, types.find(','));
    types.remove_prefix(std::min(types.size(), entry.size() + 1));
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos && entry.substr(0, equals) == name) return entry.substr(equals + 1);
  }
  return {};
}

AttributeValue typed(std::string_view text, std::string_view type) {
  if (type == kBoolean && (text == "true" || text == "false")) return text == "true";
  if (type == kInteger) {
    std::int32_t integer = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (error == std::errc() && end == text.data() + text.size()) return integer;
  }
  return std::string(text);
}

std::optional<std::vector<std::byte>> copy_of(const std::optional<ByteSpan>& bytes) {
  if (!bytes) return std::nullopt;
  return std::vector<std::byte>(bytes->begin(), bytes->end());
}

std::string_view header(const record::RecordView& record, std::string_view name) {
  std::string_view found;
  for (const auto& header : record.headers) {
    if (header.name == name) found = text_of(header.value);
  }
  return found;
}

bool is_event_header(const record::HeaderView& header) { return header.name.starts_with(kPrefix); }

std::optional<Event> structured_event(const record::RecordView& record) {
  const std::string_view type = header(record, kContentType);
  if (!record.value || !type.starts_with(kJsonMediaType)) return std::nullopt;
  auto event = parse_json(as_text(*record.value));
  if (event.has_error()) return std::nullopt;
  return std::move(event).value();
}

std::optional<Event> binary_event(const record::RecordView& record) {
  Event event;
  if (std::ranges::count_if(record.headers, is_event_header) > static_cast<std::ptrdiff_t>(kAttributesMax)) return std::nullopt;
  const std::string_view types = header(record, kTypesHeader);
  for (const auto& header : record.headers) {
    if (header.name.starts_with(kPrefix)) {
      const std::string_view name = header.name.substr(kPrefix.size());
      event.set(name, typed(text_of(header.value), declared_type(types, name)));
    } else if (header.name == kContentType) {
      event.set("datacontenttype", std::string(text_of(header.value)));
    }
  }
  event.data = copy_of(record.value);
  // An event that somebody's library wrote carelessly is handed out as a record instead.
  if (validate(event).has_error()) return std::nullopt;
  return event;
}

Event described(const record::RecordView& record, const RecordPlace& place) {
  Event event;
  std::string source("/topics/");
  source.append(place.topic).append("/partitions/").append(std::to_string(place.partition.value()));
  event.set("specversion", std::string("1.0"));
  event.set("id", std::to_string(record.offset.value()));
  event.set("source", std::move(source));
  event.set("type", std::string("leat.record"));
  if (record.key && is_utf8(as_text(*record.key))) event.set("partitionkey", std::string(as_text(*record.key)));
  for (const auto& header : record.headers) {
    if (event.attributes.size() == kAttributesMax - kAttributesKept) break;
    if (event.find(header.name) != nullptr) continue;
    Attribute attribute{std::string(header.name), std::string(text_of(header.value))};
    if (is_utf8(text_of(header.value)) && validate(attribute).has_value()) event.attributes.push_back(std::move(attribute));
  }
  if (const auto type = header(record, kContentType); !type.empty()) {
    Attribute attribute{"datacontenttype", std::string(type)};
    if (validate(attribute).has_value()) event.set(attribute.name, std::move(attribute.value));
  }
  event.data = copy_of(record.value);
  return event;
}

}  // namespace

EventRecord::EventRecord(Event event) {
  std::erase_if(event.attributes, [](const Attribute& attribute) { return is_added_by_broker(attribute.name); });
  names_.reserve(event.attributes.size() + 1);
  texts_.reserve(event.attributes.size() + 1);
  std::string types;
  for (const Attribute& attribute : event.attributes) {
    std::string name;
    if (attribute.name == "datacontenttype") {
      name = kContentType;
    } else {
      name.append(kPrefix).append(attribute.name);
    }
    names_.push_back(std::move(name));
    texts_.push_back(canonical_text(attribute.value));
    if (attribute.name == "partitionkey") key_ = texts_.back();
    const std::string_view type = type_name(attribute.value);
    if (type.empty()) continue;
    if (!types.empty()) types += ',';
    types.append(attribute.name).append("=").append(type);
  }
  if (!types.empty()) {
    names_.emplace_back(kTypesHeader);
    texts_.push_back(std::move(types));
  }
  for (std::size_t i = 0; i < names_.size(); ++i) headers_.push_back({names_[i], as_bytes(texts_[i])});
  value_ = std::move(event.data);
}

std::optional<ByteSpan> EventRecord::key() const { return key_ ? std::optional(as_bytes(*key_)) : std::nullopt; }

std::optional<ByteSpan> EventRecord::value() const { return value_ ? std::optional<ByteSpan>(*value_) : std::nullopt; }

bool is_added_by_broker(std::string_view attribute) {
  return attribute == kOffsetAttribute || attribute == kPartitionAttribute || attribute == kTimeAttribute;
}

Event event_of(const record::RecordView& record, const RecordPlace& place) {
  auto event = structured_event(record);
  if (!event) event = binary_event(record);
  if (!event) event = described(record, place);
  std::string time;
  append_timestamp(time, record.timestamp);
  event->set(kPartitionAttribute, place.partition.value());
  event->set(kOffsetAttribute, std::to_string(record.offset.value()));
  event->set(kTimeAttribute, std::move(time));
  return *std::move(event);
}

}  // namespace leat::cloudevents
