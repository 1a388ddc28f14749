#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/cloudevents/filter.hpp"
#include "protocol/native/messages.hpp"
#include "server/broker/publish_records.hpp"
#include "server/session/start_position.hpp"

/// The messages that a client of `leat.json.v1` sends (PROTOCOL.md), parsed and checked.
namespace leat::server::json_message {

inline constexpr std::size_t kHeadersPerRecordMax = 1'000;

struct Subscribe {
  std::uint32_t id = 0;
  std::vector<std::string> topics;
  std::optional<PartitionId> partition;
  StartPosition from;
  std::optional<cloudevents::Filter> filter;
  std::optional<std::uint64_t> credit;
};

struct Credit {
  std::uint32_t id = 0;
  std::uint64_t records = 0;
};

struct Unsubscribe {
  std::uint32_t id = 0;
};

/// A record that owns its bytes.
struct Record {
  struct Header {
    std::string name;
    std::optional<std::string> value;
  };
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<Header> headers;
  std::optional<TimestampMs> timestamp;
  std::optional<PartitionId> partition;

  /// Valid as long as this record.
  [[nodiscard]] NewRecord view() const;
};

struct Publish {
  std::uint32_t id = 0;
  std::string topic;
  native::AckLevel level = native::AckLevel::durable;
  std::vector<Record> records;
};

struct Ping {
  std::uint32_t id = 0;
};

using Message = std::variant<Subscribe, Credit, Unsubscribe, Publish, Ping>;

/// Why a message is refused, and to which id the answer goes: 0 when it has none.
struct Refusal {
  std::uint32_t id = 0;
  Error error;
};

/// malformed_frame for text that is no JSON object, invalid_argument for one that is no message.
std::variant<Message, Refusal> parse(std::string_view text, TimestampMs now_ms);

/// "durable", "written", "none".
std::optional<native::AckLevel> ack_level_named(std::string_view name);
std::string_view name_of(native::AckLevel level);

}  // namespace leat::server::json_message
