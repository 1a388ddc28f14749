#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/record/record_view.hpp"

namespace leat::tool {

/// A record and where it was found. Owns nothing.
struct PlacedRecord {
  std::string_view topic;
  PartitionId partition;
  const record::RecordView& record;
};

/// The text of `leat sub -f`, after kcat's: %t topic, %p partition, %o offset, %T timestamp in ms, %k key, %v or %s value, %K and
/// %S the bytes of key and value (-1 when null), %h headers (name=value,...), %% a percent sign, and the escapes of escapes.hpp.
/// Nothing is added to what the template says; a null key or value is empty. Immutable; any thread.
class RecordTemplate {
 public:
  /// Fails with invalid_argument, naming what is not understood.
  static Result<RecordTemplate> parse(std::string_view text);

  void append(std::string& out, const PlacedRecord& placed) const;

 private:
  enum class Field : std::uint8_t { literal, topic, partition, offset, timestamp, key, value, key_bytes, value_bytes, headers };
  struct Piece {
    Field field;
    std::string literal;
  };

  static Result<Field> field_named(char name);
  void add_literal(char c);

  std::vector<Piece> pieces_;
};

/// One line for people, tab-separated: partition, offset, time, key, value. A null key or value is "-"; control characters are
/// escaped so that a record stays a line and leaves the terminal alone. `with_topic` puts the topic first.
void append_record_line(std::string& out, const PlacedRecord& placed, bool with_topic);

/// One JSON object and a line feed: topic, partition, offset, timestamp (ms), key, value (null where the record has none;
/// key_base64 and value_base64 where they are not UTF-8), headers as [{"name":...,"value":...}] as names may repeat.
void append_record_json(std::string& out, const PlacedRecord& placed);

/// One structured CloudEvent (JSON) and a line feed, with leatoffset, leatpartition and leattime, as the broker's own text
/// transports show it.
void append_record_event(std::string& out, const PlacedRecord& placed);

}  // namespace leat::tool
