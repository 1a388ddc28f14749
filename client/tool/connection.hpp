#pragma once

#include <optional>
#include <string>

#include "client/src/endpoint.hpp"
#include "client/tool/commands.hpp"
#include "leat/admin.hpp"
#include "leat/client.hpp"

namespace leat::tool {

/// How `leat` connects: `name` is what the broker's logs show.
ClientOptions client_options(const GlobalOptions& global, std::string name);

/// Where the broker at `server` speaks HTTP: the place of a ws:// URL as it is, and HTTP's own port at the host of any other.
Result<client::Endpoint> http_endpoint(const std::string& server);

struct FoundTopic {
  TopicInfo info;
  bool created = false;  ///< it was missing
};

/// The topic, made with the broker's defaults when it is missing and may be.
Result<FoundTopic> find_topic(Admin& admin, const std::string& name, bool create);

/// The partitions that a command concerns: the one given, or all. Fails with unknown_partition.
Result<std::vector<PartitionInfo>> chosen_partitions(const TopicInfo& topic, std::optional<PartitionId> only);

/// The topic's max.message.bytes; Kafka's default, 1 MiB, when it cannot be told.
std::size_t message_bytes_max(const TopicInfo& topic);

}  // namespace leat::tool
