#include <algorithm>

#include "storage/journal/journal_format.hpp"
#include "storage/store.hpp"

namespace leat::storage {
namespace {

constexpr std::int64_t kProducerIdBlock = 1000;

std::string partition_name(std::size_t partition) { return std::to_string(partition); }

Error unknown_topic(const std::string& name) { return Error(Errc::unknown_topic, name); }

}  // namespace

Result<TopicConfig> Store::configure(const TopicSettings& settings) const {
  LEAT_ASSIGN(const TopicConfig config, apply_settings(options_.topic_defaults, settings));
  const std::uint64_t largest = Journal::group_bytes_max(options_.journal) - kDirectAlignment;
  if (static_cast<std::uint64_t>(config.batch_bytes_max) > largest) {
    return Error(Errc::invalid_argument,
                 "max.message.bytes is at most " + std::to_string(largest) + " with this broker's journal files");
  }
  return config;
}

Topic Store::describe(const CatalogTopic& entry) const {
  Topic topic{entry, apply_settings(options_.topic_defaults, entry.settings).value(), {}};
  for (const LogId id : entry.logs) topic.logs.push_back(logs_.at(id));
  return topic;
}

Result<Topic> Store::topic_locked(const std::string& name) const {
  const auto found = catalog_.topics.find(name);
  if (found == catalog_.topics.end()) return unknown_topic(name);
  return describe(found->second);
}

Result<Topic> Store::topic(const std::string& name) const {
  const std::lock_guard lock(topics_mutex_);
  return topic_locked(name);
}

std::vector<Topic> Store::topics() const {
  const std::lock_guard lock(topics_mutex_);
  std::vector<Topic> topics;
  topics.reserve(catalog_.topics.size());
  for (const auto& [name, entry] : catalog_.topics) topics.push_back(describe(entry));
  return topics;
}

Result<void> Store::save(const Catalog& catalog) {
  const Syncing syncing(syncing_);
  if (queue_.failed()) return Error(Errc::storage_failed, "topics cannot be changed");
  if (auto place = lock_->check_place(); place.has_error()) return fail(std::move(place).error());
  auto saved = save_catalog(fs_, catalog_path(), catalog);
  if (saved.has_error()) {
    // Whether the old or the new catalog is on disk is not known, so nothing may be built on either.
    if (saved.error().code == Errc::storage_full) return std::move(saved).error();
    return fail(std::move(saved).error());
  }
  return ok();
}

Result<void> Store::commit(Catalog catalog) {
  LEAT_TRY(save(catalog));
  catalog_ = std::move(catalog);
  return ok();
}

Result<void> Store::add_partitions(CatalogTopic& topic, Catalog& catalog, std::int32_t partitions) const {
  const auto now = static_cast<std::int32_t>(topic.logs.size());
  if (partitions < 1) return Error(Errc::invalid_argument, "a topic has at least one partition");
  if (partitions < now) {
    return Error(Errc::invalid_argument, "a topic's partitions can only grow, it has " + std::to_string(now));
  }
  const auto used = static_cast<std::int64_t>(logs_.size());
  if (used + (partitions - now) > options_.partitions_max) {
    return Error(Errc::limit_reached, "this broker takes " + std::to_string(options_.partitions_max) + " partitions, " +
                                          std::to_string(used) + " are in use");
  }
  for (std::int32_t i = now; i < partitions; ++i) {
    topic.logs.push_back(catalog.next_log);
    catalog.next_log = LogId(catalog.next_log.value() + 1);
  }
  return ok();
}

Result<std::vector<std::shared_ptr<PartitionLog>>> Store::open_new_logs(const CatalogTopic& topic, const TopicConfig& config) {
  std::vector<std::shared_ptr<PartitionLog>> logs;
  for (std::size_t i = 0; i < topic.logs.size(); ++i) {
    if (logs_.contains(topic.logs[i])) continue;
    RecoveryPoint point;
    point.log = topic.logs[i];
    LEAT_ASSIGN(auto log,
                PartitionLog::open(log_environment(), topic_directory(topic.id) / partition_name(i), point, config, false));
    logs.push_back(std::move(log));
  }
  // The partitions' directories are made durable here, their contents by the first sync.
  LEAT_TRY(sync_names(fs_, topic_directory(topic.id)));
  LEAT_TRY(sync_names(fs_, topics_directory()));
  return logs;
}

Result<void> Store::commit_with_logs(Catalog catalog, const CatalogTopic& topic, const TopicConfig& config) {
  LEAT_TRY(save(catalog));
  auto logs = open_new_logs(topic, config);
  if (logs.has_error()) {
    if (logs.error().code != Errc::storage_full) return fail(std::move(logs).error());
    // When there is no room for that either, nothing may be built on it.
    if (auto undone = take_back(topic); undone.has_error()) return fail(std::move(undone).error());
    return std::move(logs).error();
  }
  catalog_ = std::move(catalog);
  for (auto& log : *logs) logs_.emplace(log->id(), std::move(log));
  return ok();
}

Result<void> Store::take_back(const CatalogTopic& topic) {
  Catalog before = catalog_;
  if (!before.topics.contains(topic.name)) before.deleted.push_back(topic.id);
  return commit(std::move(before));
}

Result<Topic> Store::create_topic(const std::string& name, std::int32_t partitions, const TopicSettings& settings) {
  const Syncing syncing(syncing_);
  LEAT_TRY(check_topic_name(name));
  LEAT_ASSIGN(const TopicConfig config, configure(settings));
  const std::lock_guard lock(topics_mutex_);
  if (catalog_.topics.contains(name)) return Error(Errc::topic_exists, name);
  Catalog catalog = catalog_;
  CatalogTopic topic;
  topic.name = name;
  topic.id = TopicId::random(random_);
  topic.settings = settings;
  topic.created_ms = clock_.wall_ms();
  LEAT_TRY(add_partitions(topic, catalog, partitions));
  catalog.topics.emplace(name, topic);
  LEAT_TRY(commit_with_logs(std::move(catalog), topic, config));
  return topic_locked(name);
}

Result<Topic> Store::alter_topic(const std::string& name, std::int32_t partitions, const TopicSettings& settings) {
  const Syncing syncing(syncing_);
  std::vector<std::shared_ptr<PartitionLog>> changed;
  {
    const std::lock_guard lock(topics_mutex_);
    Catalog catalog = catalog_;
    const auto found = catalog.topics.find(name);
    if (found == catalog.topics.end()) return unknown_topic(name);
    CatalogTopic& topic = found->second;
    for (const auto& [key, value] : settings) {
      if (value.empty()) {
        topic.settings.erase(key);
      } else {
        topic.settings[key] = value;
      }
    }
    LEAT_ASSIGN(const TopicConfig config, configure(topic.settings));
    if (partitions != 0) LEAT_TRY(add_partitions(topic, catalog, partitions));
    const CatalogTopic altered = topic;
    LEAT_TRY(commit_with_logs(std::move(catalog), altered, config));
    for (const LogId id : altered.logs) {
      logs_.at(id)->configure(config);
      changed.push_back(logs_.at(id));
    }
  }
  // A log that changes over to the journal waits until all it has is synced.
  for (const auto& log : changed) {
    auto synced = log->sync();
    // For want of descriptors: the next checkpoint does it.
    if (synced.has_error() && synced.error().code != Errc::storage_full) return fail(std::move(synced).error());
  }
  return this->topic(name);
}

Result<void> Store::delete_topic(const std::string& name) {
  const Syncing syncing(syncing_);
  TopicId id;
  std::vector<std::shared_ptr<PartitionLog>> logs;
  {
    const std::lock_guard lock(topics_mutex_);
    Catalog catalog = catalog_;
    const auto found = catalog.topics.find(name);
    if (found == catalog.topics.end()) return unknown_topic(name);
    id = found->second.id;
    const auto log_ids = found->second.logs;
    catalog.deleted.push_back(id);
    catalog.topics.erase(found);
    LEAT_TRY(commit(std::move(catalog)));
    for (const LogId log : log_ids) logs.push_back(std::move(logs_.extract(log).mapped()));
  }
  // Closing waits for whoever is syncing them, which is not for others to wait for.
  for (const auto& log : logs) log->close();
  // Should this be interrupted, the next start goes on with it.
  LEAT_TRY(fs_.remove_tree(topic_directory(id)));
  LEAT_TRY(fs_.sync_directory(topics_directory()));
  const std::lock_guard lock(topics_mutex_);
  std::erase(catalog_.deleted, id);  // saved with the next change
  return ok();
}

Result<ProducerId> Store::allocate_producer_id() {
  const std::lock_guard lock(topics_mutex_);
  const ProducerId id = producers_->next_id();
  if (id >= catalog_.next_producer) {
    Catalog catalog = catalog_;
    catalog.next_producer = ProducerId(id.value() + kProducerIdBlock);
    LEAT_TRY(commit(std::move(catalog)));
  }
  producers_->set_next_id(ProducerId(id.value() + 1));
  return id;
}

}  // namespace leat::storage
