#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/native/messages.hpp"
#include "protocol/record/format.hpp"

namespace leat::testing {

/// What one publish looked like to the broker.
struct SeenPublish {
  std::string topic;
  PartitionId partition;
  record::BatchHeader header;
};

/// A partition in memory, with the broker's rules for idempotent producers as PROTOCOL.md has them.
class FakePartition {
 public:
  struct Batch {
    Offset base;
    Offset next;
    std::vector<std::byte> bytes;
  };

  /// The acknowledgement (without its correlation), or why the batch is refused.
  Result<native::PublishAck> append(ByteSpan batch, native::AckLevel level);
  /// Puts bytes into the log that no broker may have accepted, as the batch of the next `records` offsets.
  void append_raw(std::vector<std::byte> bytes, std::int64_t records);
  void delete_before(Offset offset) { log_start_ = offset; }
  /// Loses what it knows of its producers but not their records, as a broker that lost its newest state does.
  void forget_producers_since(std::int32_t next_sequence);

  [[nodiscard]] Offset log_start() const { return log_start_; }
  [[nodiscard]] Offset high_watermark() const { return next_; }
  [[nodiscard]] std::vector<const Batch*> batches_from(Offset offset) const;
  /// Every record's value, in order.
  [[nodiscard]] std::vector<std::string> values() const;

 private:
  struct Producer {
    std::int16_t epoch = 0;
    std::int32_t next_sequence = 0;
    struct Stored {
      std::int32_t base_sequence;
      std::int32_t records;
      Offset base_offset;
    };
    std::deque<Stored> last;
  };
  Result<std::optional<Offset>> check_sequence(const record::BatchHeader& header);

  Offset log_start_;
  Offset next_;
  std::vector<Batch> batches_;
  std::map<std::int64_t, Producer> producers_;
};

}  // namespace leat::testing
