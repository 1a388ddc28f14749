#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/cloudevents/event.hpp"

namespace leat::cloudevents {

inline constexpr std::string_view kJsonMediaType = "application/cloudevents+json";
inline constexpr std::string_view kJsonBatchMediaType = "application/cloudevents-batch+json";

/// The JSON format: one event. JSON data is kept as it was written, byte for byte, so that no number loses a digit; an event with
/// `data` and no datacontenttype gets application/json, which is what the specification takes it for. invalid_argument for text
/// that is not JSON or not an event; nothing nests deeper than 32 levels.
Result<Event> parse_json(std::string_view text);
/// The JSON batch format: an array of events, which may be empty.
Result<std::vector<Event>> parse_json_batch(std::string_view text, std::size_t events_max);

/// Appends the event as one JSON object. Data goes into `data` where it is JSON by its type and by its bytes, or text that is no
/// JSON by its type, and into `data_base64` otherwise.
void append_json(std::string& out, const Event& event);

}  // namespace leat::cloudevents
