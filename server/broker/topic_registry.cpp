#include "server/broker/topic_registry.hpp"

#include "protocol/base/units.hpp"

namespace leat::server {

TopicEntryPtr TopicRegistry::by_name(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

TopicEntryPtr TopicRegistry::by_id(const TopicId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<Partition>> TopicRegistry::partition(const native::TopicPartition& target) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(target.topic);
  if (found == by_id_.end()) return Error(Errc::unknown_topic, target.topic.to_string());
  const TopicEntry& entry = *found->second;
  const std::int32_t number = target.partition.value();
  if (number < 0 || static_cast<std::size_t>(number) >= entry.partitions.size()) {
    return Error(Errc::unknown_partition, entry.catalog.name + " has " + format_count(entry.partitions.size(), "partition") +
                                              ", no " + std::to_string(number));
  }
  return entry.partitions[static_cast<std::size_t>(number)];
}

std::vector<TopicEntryPtr> TopicRegistry::behind(const std::string& name, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  std::vector<TopicEntryPtr> entries;
  for (auto at = by_name_.upper_bound(name); at != by_name_.end() && entries.size() < count_max; ++at) {
    entries.push_back(at->second);
  }
  return entries;
}

std::size_t TopicRegistry::size() const {
  const std::lock_guard lock(mutex_);
  return by_name_.size();
}

void TopicRegistry::put(TopicEntryPtr entry) {
  const std::lock_guard lock(mutex_);
  by_id_[entry->catalog.id] = entry;
  by_name_[entry->catalog.name] = std::move(entry);
}

void TopicRegistry::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  by_id_.erase(found->second->catalog.id);
  by_name_.erase(found);
}

}  // namespace leat::server
