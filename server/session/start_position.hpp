#pragma once

#include <string_view>

#include "protocol/base/result.hpp"
#include "server/broker/partition.hpp"

namespace leat::server {

/// Where a reader begins, as the text transports spell it: `earliest`, `latest`, an offset, or `@` and a time: RFC 3339, a date,
/// milliseconds since 1970, or so long ago ("@-1h").
struct StartPosition {
  enum class Kind : std::uint8_t { earliest, latest, offset, timestamp };
  Kind kind = Kind::latest;
  std::int64_t value = 0;  ///< of an offset or timestamp (ms)

  static Result<StartPosition> parse(std::string_view text, TimestampMs now_ms);
};

/// The offset in this partition. Waits for the disk if is_timestamp; offset_out_of_range for an offset that is not there.
Result<Offset> resolve(const StartPosition& start, Partition& partition);

}  // namespace leat::server
