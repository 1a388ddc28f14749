#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/base/uuid.hpp"
#include "server/broker/partition.hpp"
#include "storage/store.hpp"

namespace leat::server {

/// A topic and its partitions, as of one moment; never changes.
struct TopicEntry {
  storage::CatalogTopic catalog;
  storage::TopicConfig config;
  std::vector<std::shared_ptr<Partition>> partitions;
};

using TopicEntryPtr = std::shared_ptr<const TopicEntry>;

/// The topics that there are. Any thread; looking one up takes no longer than a hash table does.
class TopicRegistry {
 public:
  /// Null when there is none.
  [[nodiscard]] TopicEntryPtr by_name(const std::string& name) const;
  [[nodiscard]] TopicEntryPtr by_id(const TopicId& id) const;
  /// unknown_topic or unknown_partition when there is none.
  [[nodiscard]] Result<std::shared_ptr<Partition>> partition(const native::TopicPartition& target) const;
  /// The first of those with a greater name, in byte order.
  [[nodiscard]] std::vector<TopicEntryPtr> behind(const std::string& name, std::size_t count_max) const;
  [[nodiscard]] std::size_t size() const;

  /// Adds a topic or replaces its entry.
  void put(TopicEntryPtr entry);
  void remove(const std::string& name);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, TopicEntryPtr> by_name_;
  std::unordered_map<TopicId, TopicEntryPtr> by_id_;
};

}  // namespace leat::server
