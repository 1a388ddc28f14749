#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/record/record_view.hpp"
#include "server/broker/broker.hpp"

namespace leat::server {

/// What a request may hold, over every transport that takes several records in one.
inline constexpr std::size_t kRecordsPerRequestMax = 10'000;

/// A record of somebody who makes no batches. Owns nothing.
struct NewRecord {
  std::optional<ByteSpan> key;
  std::optional<ByteSpan> value;
  std::vector<record::HeaderView> headers;
  std::optional<TimestampMs> timestamp;  ///< none: now
  std::optional<PartitionId> partition;  ///< none: by the key, as the SDK does; without a key, all of a call to one, in turn
};

struct RecordAck {
  PartitionId partition;
  Offset offset;
  native::AckLevel level;
};

/// What is not stored when a record is refused for what is known before anything is: a partition that there is not, its size.
enum class Refusing : std::uint8_t { one, all };

/// For coroutines on a shard: publishes the records, each batch of a partition as a whole, and says what became of each record,
/// in their order. The records are copied before this suspends. Errors of single records: unknown_partition, batch_too_large, and
/// the log's.
boost::asio::awaitable<std::vector<Result<RecordAck>>> publish_records(Broker& broker, Shard& shard, TopicEntryPtr topic,
                                                                       std::span<const NewRecord> records, native::AckLevel level,
                                                                       Transport transport, Refusing refusing = Refusing::one);

}  // namespace leat::server
