#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat {

/// Bytes from "1048576", "1MiB" or "1 MB" (powers of 1024 and of 1000; B, KB ... TB, KiB ... TiB in either case).
Result<std::int64_t> parse_size(std::string_view text);

/// Milliseconds from "250", "250ms", "10s", "5m", "2h", "7d" or "4w".
Result<std::int64_t> parse_duration_ms(std::string_view text);

/// The shortest exact spelling that the parsers read back: "64MiB", "1000", "7d", "250ms". Negative numbers stay bare.
std::string format_size(std::int64_t bytes);
std::string format_duration_ms(std::int64_t ms);

/// "1 topic", "2 topics".
std::string format_count(std::uint64_t count, std::string_view noun);

}  // namespace leat
