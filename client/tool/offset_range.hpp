#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"

namespace leat::tool {

/// A place in a partition as the user names it, before the partition's own offsets are known.
struct Position {
  enum class Kind : std::uint8_t {
    after_start,  ///< value records after the first one kept
    before_end,   ///< value records before the end
    offset,       ///< value is an offset
    time,         ///< value is a timestamp: the first record at or after it
  };
  Kind kind = Kind::before_end;
  std::int64_t value = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// Half open: `end` is the first record that is not wanted; without it the range goes on with what is published later.
struct OffsetRange {
  Position begin;
  std::optional<Position> end;
  friend bool operator==(const OffsetRange&, const OffsetRange&) = default;
};

/// The OFFSETS grammar:
///   range    = position | [position] ":" [position]      (not ":" alone; a missing first position is "start")
///   position = "start" | "end" | "+" N | "-" N | N | "@" time
///   time     = "-" duration (before `now_ms`) | what parse_timestamp takes
/// Refused besides what does not parse: numbers beyond 63 bits and ranges that can be seen to end before they begin.
Result<OffsetRange> parse_offset_range(std::string_view text, TimestampMs now_ms);

/// What a partition holds: what a Position is resolved against.
struct PartitionBounds {
  Offset start;  ///< the first record kept
  Offset end;    ///< one after the last record
};

/// The offset of a position that is not a time (those need the broker), kept between the partition's bounds for the relative
/// kinds: "-10" of a partition with 3 records is its start.
Offset resolve(const Position& position, const PartitionBounds& bounds);

}  // namespace leat::tool
