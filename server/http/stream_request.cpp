#include "server/http/stream_request.hpp"

#include <charconv>

#include "protocol/base/clock.hpp"

namespace leat::server {

Result<PartitionId> parse_partition(std::string_view text) {
  std::int32_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    return Error(Errc::invalid_argument, "a partition is a number from 0 on, not " + std::string(text));
  }
  return PartitionId(number);
}

Result<StreamRequest> parse_stream_request(const HttpRequest& request) {
  StreamRequest parsed;
  parsed.from = StartPosition{};
  for (const auto& [name, value] : request.query) {
    if (name == "from") {
      if (value == "none") {
        parsed.from.reset();
      } else {
        LEAT_ASSIGN(parsed.from, StartPosition::parse(value, SystemClock().wall_ms()));
      }
    } else if (name == "partition") {
      LEAT_ASSIGN(parsed.partition, parse_partition(value));
    } else if (name == "filter") {
      LEAT_ASSIGN(parsed.filter, cloudevents::Filter::parse_json(value));
    } else if (name != "topic" && name != "form") {
      return Error(Errc::invalid_argument, "the query takes from, partition, filter, topic and form, not " + name);
    }
  }
  return parsed;
}

}  // namespace leat::server
