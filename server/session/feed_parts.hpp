#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/broker/broker.hpp"
#include "server/session/record_feed.hpp"
#include "server/session/start_position.hpp"

namespace leat::server {

/// The partitions of these topics, or that one of each; where they begin is not said yet. unknown_topic, unknown_partition,
/// limit_reached for more than `parts_max`.
Result<std::vector<RecordFeed::Part>> parts_of(const TopicRegistry& topics, std::span<const std::string> names,
                                               std::optional<PartitionId> partition, std::size_t parts_max);

/// For coroutines on a shard: each part with the offset that it begins at. As resolve().
boost::asio::awaitable<Result<std::vector<RecordFeed::Part>>> resolve_parts(Broker& broker, std::vector<RecordFeed::Part> parts,
                                                                            StartPosition from);

}  // namespace leat::server
