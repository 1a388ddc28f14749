#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leat/record.hpp"

namespace leat::client {

/// A record with the bytes it shows, for where it has to wait before it can be encoded. Immutable; shared.
class OwnedRecord {
 public:
  static std::shared_ptr<const OwnedRecord> copy(std::string_view topic, const OutgoingRecord& record);

  OwnedRecord() = default;
  OwnedRecord(const OwnedRecord&) = delete;
  OwnedRecord& operator=(const OwnedRecord&) = delete;

  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] const OutgoingRecord& view() const { return view_; }

 private:
  std::string topic_;
  std::vector<std::byte> bytes_;
  std::vector<HeaderView> headers_;
  OutgoingRecord view_;  ///< into the members above
};

/// What a record counts towards the buffer's limit: its bytes and what is kept beside them.
std::size_t cost_bytes(const OutgoingRecord& record);

TimestampMs now_ms();

}  // namespace leat::client
