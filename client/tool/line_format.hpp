#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"

namespace leat::tool {

/// How the lines that `leat pub` reads are made up: [TIMESTAMP delimiter] [KEY delimiter] VALUE.
struct LineFormat {
  std::string key_delimiter;  ///< empty: no key
  bool timestamp_prefix = false;

  /// What stands behind the timestamp: the key's delimiter, or a tab when there is no key.
  [[nodiscard]] std::string_view timestamp_delimiter() const {
    return key_delimiter.empty() ? std::string_view("\t") : std::string_view(key_delimiter);
  }
};

/// A line taken apart. Owns nothing.
struct LineParts {
  std::optional<TimestampMs> timestamp;
  std::optional<std::string_view> key;
  std::string_view value;
};

/// Fails with invalid_argument when the line has no timestamp or no delimiter where the format wants one: a key silently missing
/// would send the record to another partition.
Result<LineParts> split_line(std::string_view line, const LineFormat& format);

}  // namespace leat::tool
