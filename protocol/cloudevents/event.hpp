#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/base/result.hpp"

/// CloudEvents 1.0.2 (https://github.com/cloudevents/spec): the event, its JSON and HTTP forms, and its form as a record.
namespace leat::cloudevents {

/// The values that JSON tells apart. URI, timestamp and binary attributes are strings in their canonical form.
using AttributeValue = std::variant<std::string, std::int32_t, bool>;

struct Attribute {
  std::string name;
  AttributeValue value;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// More attributes than any event has; what has more is refused, as looking one up takes time in proportion.
inline constexpr std::size_t kAttributesMax = 256;

/// One event: its context attributes, `specversion` and `datacontenttype` among them, and its data. Data of a JSON type is JSON
/// text.
struct Event {
  std::vector<Attribute> attributes;
  std::optional<std::vector<std::byte>> data;

  [[nodiscard]] const AttributeValue* find(std::string_view name) const;
  /// A string attribute; empty when there is none.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  /// Replaces the attribute if it is there.
  void set(std::string_view name, AttributeValue value);

  friend bool operator==(const Event&, const Event&) = default;
};

/// "true", "42" or the string itself.
std::string canonical_text(const AttributeValue& value);

/// Lower-case letters and digits, at least one.
bool is_attribute_name(std::string_view name);
/// A media type whose data the JSON format embeds as JSON: application/json, */json, *+json, with any parameters.
bool is_json_media_type(std::string_view media_type);

/// Whether the attribute may be one of an event.
Result<void> validate(const Attribute& attribute);
/// Whether an event is one by the core specification: required attributes there and not empty, well-formed values and names.
/// invalid_argument says what is wrong.
Result<void> validate(const Event& event);

}  // namespace leat::cloudevents
