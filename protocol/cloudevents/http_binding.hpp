#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/cloudevents/event.hpp"

namespace leat::cloudevents {

/// How a message carries events, by its Content-Type: `application/cloudevents-batch`, `application/cloudevents`, or neither and
/// then binary mode if there is a ce-specversion header; otherwise the message holds no CloudEvent.
enum class ContentMode { none, binary, structured, batched };

/// One header of a message.
struct HttpField {
  std::string_view name;
  std::string_view value;
};

ContentMode content_mode(std::string_view content_type, bool has_specversion_header);

/// Whether a structured or batched message is in JSON, the one event format there is here.
bool is_json_format(std::string_view content_type);

/// Binary mode: `ce-*` fields (names in any case, values percent-encoded, in double quotes
/// or not) are attributes, Content-Type is datacontenttype, the
/// body is the data. invalid_argument for what is no event.
Result<Event> parse_binary(std::span<const HttpField> fields, std::string_view content_type, ByteSpan body);

/// A header value as the binding wants it: space, double quote, percent and everything outside printable ASCII percent-encoded.
std::string percent_encode(std::string_view text);
/// One round of percent-decoding; invalid sequences and what is then no UTF-8 are invalid_argument.
Result<std::string> percent_decode(std::string_view text);

}  // namespace leat::cloudevents
