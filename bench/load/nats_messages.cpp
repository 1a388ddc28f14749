#include "bench/load/nats_messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace leat::load::nats {
namespace {

constexpr std::string_view kEnd = "\r\n";
constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;  // INFO may be long

Error malformed(std::string_view line) {
  constexpr std::size_t kShownMax = 80;
  return Error(Errc::malformed_frame, "NATS sent \"" + std::string(line.substr(0, kShownMax)) + "\"");
}

bool number(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// MSG subject sid [reply] bytes, HMSG subject sid [reply] header-bytes bytes; the payload follows.
Result<Operation> parse_message(std::string_view all, std::string_view line, bool has_headers) {
  std::array<std::string_view, 6> words;
  std::size_t count = 0;
  for (std::size_t at = 0; at < line.size() && count < words.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words[count++] = line.substr(at, end - at);
    at = end + 1;
  }
  const std::size_t least = has_headers ? 5 : 4;
  if (count < least || count > least + 1) return malformed(line);
  Operation operation{.kind = Operation::Kind::message, .subject = words[1]};
  if (count > least) operation.reply = words[3];
  std::uint64_t headers_bytes = 0;
  std::uint64_t bytes = 0;
  if (!number(words[2], operation.subscription) || !number(words[count - 1], bytes)) return malformed(line);
  if (has_headers && (!number(words[count - 2], headers_bytes) || headers_bytes > bytes)) return malformed(line);
  const std::size_t begin = line.size() + kEnd.size();
  if (all.size() < begin + bytes + kEnd.size()) return Operation{};
  const ByteSpan body = as_bytes(all.substr(begin, bytes));
  operation.headers = body.first(headers_bytes);
  operation.payload = body.subspan(headers_bytes);
  operation.size_bytes = begin + bytes + kEnd.size();
  return operation;
}

}  // namespace

Result<Operation> parse(ByteSpan in) {
  const std::string_view all = as_text(in);
  const std::size_t end = all.find('\n');
  if (end == std::string_view::npos) {
    if (all.size() > kLineBytesMax) return malformed(all);
    return Operation{};
  }
  if (end == 0 || all[end - 1] != '\r') return malformed(all.substr(0, end));
  const std::string_view line = all.substr(0, end - 1);
  if (line.starts_with("MSG ")) return parse_message(all, line, false);
  if (line.starts_with("HMSG ")) return parse_message(all, line, true);
  if (line.starts_with("-ERR")) return Error(Errc::invalid_argument, "NATS says " + std::string(line));
  Operation operation{.size_bytes = end + 1};
  if (line == "PING") operation.kind = Operation::Kind::ping;
  if (line == "PONG") operation.kind = Operation::Kind::pong;
  return operation;
}

std::string_view status_of(ByteSpan headers) {
  constexpr std::string_view kVersion = "NATS/1.0 ";
  const std::string_view text = as_text(headers);
  if (!text.starts_with(kVersion)) return {};
  return text.substr(kVersion.size(), std::min(text.find('\r'), text.size()) - kVersion.size());
}

}  // namespace leat::load::nats
