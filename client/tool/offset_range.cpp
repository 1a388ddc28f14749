#include "client/tool/offset_range.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "protocol/base/assert.hpp"
#include "protocol/text/timestamp.hpp"

namespace leat::tool {
namespace {

using Kind = Position::Kind;

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Position> parse_count_as(Kind kind, std::string_view text) {
  const auto count = parse_count(text);
  if (!count) return std::nullopt;
  return Position{kind, *count};
}

std::optional<Position> parse_time(std::string_view text, TimestampMs now_ms) {
  if (text.starts_with('-')) {
    const auto ago = parse_duration(text.substr(1));
    if (!ago || ago->count() > now_ms) return std::nullopt;
    return Position{Kind::time, now_ms - ago->count()};
  }
  const auto timestamp = parse_timestamp(text);
  if (!timestamp || *timestamp < 0) return std::nullopt;
  return Position{Kind::time, *timestamp};
}

std::optional<Position> parse_position(std::string_view text, TimestampMs now_ms) {
  if (text == "start") return Position{Kind::after_start, 0};
  if (text == "end") return Position{Kind::before_end, 0};
  if (text.starts_with('+')) return parse_count_as(Kind::after_start, text.substr(1));
  if (text.starts_with('-')) return parse_count_as(Kind::before_end, text.substr(1));
  if (text.starts_with('@')) return parse_time(text.substr(1), now_ms);
  return parse_count_as(Kind::offset, text);
}

/// True for a range whose end lies before its beginning whatever the partition holds.
bool is_backwards(const Position& begin, const Position& end) {
  if (begin.kind == end.kind) return begin.kind == Kind::before_end ? begin.value < end.value : begin.value > end.value;
  const bool from_the_end = begin == Position{Kind::before_end, 0};
  return from_the_end && end == Position{Kind::after_start, 0};
}

Error malformed(std::string_view text, TimestampMs now_ms) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  if (parse_time(text, now_ms)) {
    return Error(Errc::invalid_argument, quoted + " is a time: as an offset it begins with @, as in @" + std::string(text));
  }
  return Error(Errc::invalid_argument, quoted +
                                           " is no offset range: expected start, end, +N, -N, N or @TIME "
                                           "(@2026-01-01T00:00:00Z, @ and milliseconds, or @-1h), or two of them with a colon "
                                           "between");
}

}  // namespace

Result<OffsetRange> parse_offset_range(std::string_view text, TimestampMs now_ms) {
  if (const auto alone = parse_position(text, now_ms)) return OffsetRange{*alone, std::nullopt};
  if (text == ":") return malformed(text, now_ms);
  // Times contain colons: the colon of the range is the one with a position on either side.
  for (auto colon = text.find(':'); colon != std::string_view::npos; colon = text.find(':', colon + 1)) {
    const auto left = text.substr(0, colon);
    const auto right = text.substr(colon + 1);
    const auto begin = left.empty() ? Position{Kind::after_start, 0} : parse_position(left, now_ms);
    const auto end = parse_position(right, now_ms);
    if (!begin || (!end && !right.empty())) continue;
    if (end && is_backwards(*begin, *end)) {
      return Error(Errc::invalid_argument, "the range \"" + std::string(text) + "\" ends before it begins");
    }
    return OffsetRange{*begin, end};
  }
  return malformed(text, now_ms);
}

Offset resolve(const Position& position, const PartitionBounds& bounds) {
  const std::int64_t held = bounds.end - bounds.start;
  switch (position.kind) {
    case Kind::after_start:
      return bounds.start + std::min(position.value, held);
    case Kind::before_end:
      return bounds.end - std::min(position.value, held);
    case Kind::offset:
      return Offset(position.value);
    case Kind::time:
      break;
  }
  LEAT_ASSERT(position.kind != Kind::time);
  return bounds.end;
}

}  // namespace leat::tool
