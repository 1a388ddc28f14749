#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/ids.hpp"

namespace leat {

struct TimestampPrefix {
  TimestampMs timestamp = 0;
  std::size_t length = 0;  ///< characters taken from the front of the text
};

/// Reads the longest timestamp at the front of a text: RFC 3339 ("2026-01-01T12:30:00.250+02:00"), the same with a space for the
/// T, either without an offset (then it is UTC), or milliseconds since 1970 as a plain integer. Digits beyond the millisecond are
/// dropped. Nothing when there is none, or when it lies before 1970.
std::optional<TimestampPrefix> parse_timestamp_prefix(std::string_view text);

/// The whole text is a timestamp as above, or a date alone ("2026-01-01": its midnight in UTC).
std::optional<TimestampMs> parse_timestamp(std::string_view text);

/// Exactly an RFC 3339 date and time, offset included; any year, any number of fraction digits, leap second 60 allowed.
bool is_rfc3339(std::string_view text);

/// "500ms", "90s", "15m", "1h30m", "7d", "2w". Nothing when malformed or too long for milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Appends "2026-01-01T12:30:00.250Z"; the plain number for years that do not have four digits.
void append_timestamp(std::string& out, TimestampMs timestamp);

}  // namespace leat
