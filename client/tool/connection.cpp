#include "client/tool/connection.hpp"

#include <algorithm>

#include "client/src/topic_routes.hpp"

namespace leat::tool {

ClientOptions client_options(const GlobalOptions& global, std::string name) {
  ClientOptions options;
  options.url = global.server;
  options.client_name = std::move(name);
  return options;
}

Result<client::Endpoint> http_endpoint(const std::string& server) {
  LEAT_ASSIGN(auto endpoint, client::parse_endpoint(server));
  if (endpoint.scheme == client::Scheme::ws) return endpoint;
  endpoint.port = client::kDefaultHttpPort;
  return client::parse_endpoint("ws://" + endpoint.to_string());
}

Result<FoundTopic> find_topic(Admin& admin, const std::string& name, bool create) {
  auto found = admin.describe_topic(name);
  if (found.has_value()) return FoundTopic{std::move(*found), false};
  if (found.error().code != Errc::unknown_topic || !create) return std::move(found).error();
  auto created = admin.create_topic({.name = name, .partitions = 0, .settings = {}});
  if (created.has_value()) return FoundTopic{std::move(*created), true};
  // Somebody else was faster.
  if (created.error().code != Errc::topic_exists) return std::move(created).error();
  LEAT_ASSIGN(auto existing, admin.describe_topic(name));
  return FoundTopic{std::move(existing), false};
}

Result<std::vector<PartitionInfo>> chosen_partitions(const TopicInfo& topic, std::optional<PartitionId> only) {
  if (!only) return topic.partitions;
  for (const auto& partition : topic.partitions) {
    if (partition.partition == *only) return std::vector<PartitionInfo>{partition};
  }
  return Error(Errc::unknown_partition, std::to_string(only->value()) + " of topic " + topic.name + ", which has " +
                                            std::to_string(topic.partitions.size()));
}

std::size_t message_bytes_max(const TopicInfo& topic) {
  constexpr std::size_t kDefault = std::size_t{1} << 20;
  constexpr std::size_t kMost = std::size_t{256} << 20;
  return std::min(client::message_bytes_max(topic).value_or(kDefault), kMost);
}

}  // namespace leat::tool
