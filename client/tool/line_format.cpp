#include "client/tool/line_format.hpp"

#include "protocol/text/timestamp.hpp"

namespace leat::tool {

Result<LineParts> split_line(std::string_view line, const LineFormat& format) {
  LineParts parts{.timestamp = {}, .key = {}, .value = line};
  if (format.timestamp_prefix) {
    const auto prefix = parse_timestamp_prefix(line);
    if (!prefix) return Error(Errc::invalid_argument, "does not begin with a timestamp");
    const auto delimiter = format.timestamp_delimiter();
    if (!line.substr(prefix->length).starts_with(delimiter)) {
      return Error(Errc::invalid_argument, "has no delimiter behind the timestamp");
    }
    parts.timestamp = prefix->timestamp;
    parts.value = line.substr(prefix->length + delimiter.size());
  }
  if (!format.key_delimiter.empty()) {
    const auto at = parts.value.find(format.key_delimiter);
    if (at == std::string_view::npos) return Error(Errc::invalid_argument, "has no delimiter between key and value");
    parts.key = parts.value.substr(0, at);
    parts.value = parts.value.substr(at + format.key_delimiter.size());
  }
  return parts;
}

}  // namespace leat::tool
