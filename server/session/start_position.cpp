#include "server/session/start_position.hpp"

#include <charconv>

#include "protocol/text/timestamp.hpp"

namespace leat::server {
namespace {

Error not_understood(std::string_view text) {
  return Error(Errc::invalid_argument,
               "a start is earliest, latest, an offset, or @ and a time (@2026-01-01T00:00:00Z, @-1h), not " + std::string(text));
}

}  // namespace

Result<StartPosition> StartPosition::parse(std::string_view text, TimestampMs now_ms) {
  if (text == "earliest") return StartPosition{Kind::earliest, 0};
  if (text == "latest") return StartPosition{Kind::latest, 0};
  if (text.starts_with("@-")) {
    const auto ago = parse_duration(text.substr(2));
    if (!ago) return not_understood(text);
    return StartPosition{Kind::timestamp, std::max<std::int64_t>(0, now_ms - ago->count())};
  }
  if (text.starts_with('@')) {
    const auto time = parse_timestamp(text.substr(1));
    if (!time) return not_understood(text);
    return StartPosition{Kind::timestamp, *time};
  }
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error != std::errc() || end != text.data() + text.size() || offset < 0) return not_understood(text);
  return StartPosition{Kind::offset, offset};
}

Result<Offset> resolve(const StartPosition& start, Partition& partition) {
  const Offset first = partition.log().log_start();
  const Offset end = partition.high_watermark();
  switch (start.kind) {
    case StartPosition::Kind::earliest:
      return first;
    case StartPosition::Kind::latest:
      return end;
    case StartPosition::Kind::offset:
      if (const Offset offset(start.value); offset >= first && offset <= end) return offset;
      return Error(Errc::offset_out_of_range, "offset " + std::to_string(start.value) + ", available are " +
                                                  std::to_string(first.value()) + " to " + std::to_string(end.value()));
    case StartPosition::Kind::timestamp:
      break;
  }
  LEAT_ASSIGN(const auto match, partition.log().find_time(start.value, end));
  return match ? match->offset : end;
}

}  // namespace leat::server
