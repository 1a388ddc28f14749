#include "server/session/feed_text.hpp"

#include "protocol/native/codec.hpp"
#include "protocol/text/json_text.hpp"
#include "server/session/wire_error.hpp"

namespace leat::server {

void append_place(std::string& out, const RecordFeed::Part& part) {
  out += "\"topic\":";
  append_json_string_lossy(out, part.topic);
  out += ",\"partition\":" + std::to_string(part.partition->id().partition.value());
}

void append_error(std::string& out, const Error& error) {
  const Error said = for_peer(error);
  out += "\"code\":";
  append_json_string_lossy(out, name_of(said.code));
  out += ",\"message\":";
  const std::string message = said.message();  // it may quote a name as long as the peer's whole message
  append_json_string_lossy(out, std::string_view(message).substr(0, native::kErrorMessageBytesMax));
  out += is_retriable(said.code) ? ",\"retriable\":true" : ",\"retriable\":false";
}

void append_starts(std::string& out, std::span<const RecordFeed::Part> parts) {
  out += "\"partitions\":[";
  for (const RecordFeed::Part& part : parts) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_place(out, part);
    out += ",\"from\":" + std::to_string(part.from.value()) + "}";
  }
  out += ']';
}

void append_skipped(std::string& out, const RecordFeed::Part& part, Offset next, const Error& error) {
  append_place(out, part);
  out += ",\"next\":" + std::to_string(next.value()) + ",";
  append_error(out, error);
}

void append_ended(std::string& out, const RecordFeed::Part& part, const Error& error) {
  append_place(out, part);
  out += ',';
  append_error(out, error);
}

}  // namespace leat::server
