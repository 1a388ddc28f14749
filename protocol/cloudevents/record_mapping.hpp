#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/cloudevents/event.hpp"
#include "protocol/record/record_view.hpp"

namespace leat::cloudevents {

/// Where a record stands, for the attributes that say so.
struct RecordPlace {
  std::string_view topic;
  PartitionId partition;
};

/// An event as a record, by the Kafka protocol binding's binary mode: attributes are headers `ce_<name>`, datacontenttype is
/// `content-type`, data is the value (null when there is none), the attribute `partitionkey` is also the key. Headers carry text
/// only, so which attributes are integers or booleans goes into one more header.
class EventRecord {
 public:
  explicit EventRecord(Event event);

  [[nodiscard]] std::optional<ByteSpan> key() const;
  [[nodiscard]] std::optional<ByteSpan> value() const;
  [[nodiscard]] std::span<const record::HeaderView> headers() const { return headers_; }

  EventRecord(EventRecord&&) noexcept = default;
  EventRecord& operator=(EventRecord&&) noexcept = default;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> texts_;
  std::vector<record::HeaderView> headers_;
  std::optional<std::string> key_;
  std::optional<std::vector<std::byte>> value_;
};

/// Attributes that the broker adds to what it hands out, and ignores in what it is given.
inline constexpr std::string_view kOffsetAttribute = "leatoffset";        ///< a string: offsets are wider than an Integer
inline constexpr std::string_view kPartitionAttribute = "leatpartition";  ///< an integer
inline constexpr std::string_view kTimeAttribute = "leattime";            ///< the record's timestamp, RFC 3339

/// Whether it is one of those.
bool is_added_by_broker(std::string_view attribute);

/// The record as an event, with its place and time as the attributes above; lossless for what came in as one through any
/// transport. Events in the Kafka binding's structured mode are taken apart. A record that is no event becomes one: type
/// `leat.record`, source `/topics/<topic>/partitions/<partition>`, id the offset, `partitionkey` the key when that is text, and
/// every header that could be an attribute as an extension.
Event event_of(const record::RecordView& record, const RecordPlace& place);

}  // namespace leat::cloudevents
