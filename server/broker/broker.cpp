#include "server/broker/broker.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "server/config/logging.hpp"

namespace leat::server {
namespace {

/// What the answer that describes a topic has room for.
constexpr std::int32_t kTopicPartitionsMax = 16'384;
/// What was staged before a change is written within moments; should it not be, the next checkpoint settles the matter.
constexpr int kSettleTriesMax = 1000;
constexpr std::chrono::milliseconds kSettlePause{1};

Result<void> check_partitions(std::int32_t partitions) {
  if (partitions <= kTopicPartitionsMax) return ok();
  return Error(Errc::invalid_argument, "a topic has at most " + std::to_string(kTopicPartitionsMax) + " partitions");
}

}  // namespace

Broker::Broker(BrokerOptions options) : options_(std::move(options)), blocking_(options_.blocking_threads) {
  for (std::size_t i = 0; i < options_.shards; ++i) shards_.push_back(std::make_unique<Shard>(i));
}

Broker::~Broker() {
  for (const auto& shard : shards_) shard->stop();
  blocking_.join();
}

Result<std::unique_ptr<Broker>> Broker::open(storage::FileSystem& fs, const Clock& clock, Random& random, BrokerOptions options) {
  std::unique_ptr<Broker> broker(new Broker(std::move(options)));
  LEAT_ASSIGN(broker->store_, storage::Store::open(fs, clock, random, broker->options_.store));
  for (const storage::Topic& topic : broker->store_->topics()) broker->enter(topic);
  return broker;
}

void Broker::start() {
  store_threads_ = std::make_unique<storage::StoreThreads>(*store_, *this, options_.maintenance);
  for (const auto& shard : shards_) shard->start();
}

Result<void> Broker::stop() {
  for (const auto& shard : shards_) shard->stop();
  blocking_.join();
  store_threads_.reset();
  return store_->close();
}

TopicEntryPtr Broker::enter(const storage::Topic& topic) {
  const TopicEntryPtr before = registry_.by_name(topic.entry.name);
  auto entry = std::make_shared<TopicEntry>(TopicEntry{topic.entry, topic.config, {}});
  if (before) entry->partitions = before->partitions;
  for (std::size_t i = entry->partitions.size(); i < topic.logs.size(); ++i) {
    const LogId log = topic.logs[i]->id();
    Shard& owner = owner_of(log);
    auto partition = std::make_shared<Partition>(
        native::TopicPartition{topic.entry.id, PartitionId(static_cast<std::int32_t>(i))}, topic.logs[i], owner, shards_);
    entry->partitions.push_back(partition);
    // Runs before any publish can reach the shard: the registry learns of the partition only below.
    owner.post([&owner, log, partition = std::move(partition)] { owner.own(log, partition); });
  }
  registry_.put(entry);
  return entry;
}

Result<storage::TopicSettings> Broker::checked_settings(const std::vector<native::Setting>& settings) const {
  storage::TopicSettings checked;
  for (const native::Setting& setting : settings) {
    if (!checked.emplace(setting.key, setting.value).second)
      return Error(Errc::invalid_argument, "setting " + setting.key + " is given twice");
  }
  return checked;
}

Result<TopicEntryPtr> Broker::create_topic(const native::CreateTopic& request) {
  LEAT_ASSIGN(const auto settings, checked_settings(request.settings));
  const std::lock_guard lock(admin_mutex_);
  if (registry_.size() >= options_.topics_max)
    return Error(Errc::limit_reached, "this broker takes " + std::to_string(options_.topics_max) + " topics");
  const std::int32_t partitions = request.partitions == 0 ? options_.default_partitions : request.partitions;
  LEAT_TRY(check_partitions(partitions));
  LEAT_ASSIGN(const storage::Topic topic, noted(store_->create_topic(request.name, partitions, settings)));
  log::info("topic created", {{"topic", topic.entry.name}, {"id", topic.entry.id.to_string()}, {"partitions", partitions}});
  return enter(topic);
}

Result<TopicEntryPtr> Broker::alter_topic(const native::AlterTopic& request) {
  LEAT_ASSIGN(const auto settings, checked_settings(request.settings));
  LEAT_TRY(check_partitions(request.partitions));
  const std::lock_guard lock(admin_mutex_);
  LEAT_ASSIGN(const storage::Topic topic, noted(store_->alter_topic(request.name, request.partitions, settings)));
  log::info("topic altered", {{"topic", topic.entry.name}, {"partitions", topic.logs.size()}});
  TopicEntryPtr entry = enter(topic);
  for (const auto& partition : entry->partitions) LEAT_TRY(settle(*partition));
  return entry;
}

Result<void> Broker::settle(Partition& partition) {
  storage::PartitionLog& log = partition.log();
  for (int i = 0; i < kSettleTriesMax && !log.settled(); ++i) {
    if (log.written_end() == log.next_offset()) {
      LEAT_TRY(noted(store_->checkpoint()));
    } else {
      std::this_thread::sleep_for(kSettlePause);
    }
  }
  partition.owner().post([&owner = partition.owner()] { owner.retry_stalled(); });
  return ok();
}

Result<void> Broker::delete_topic(const std::string& name) {
  const std::lock_guard lock(admin_mutex_);
  const TopicEntryPtr entry = registry_.by_name(name);
  if (!entry) return Error(Errc::unknown_topic, name);
  registry_.remove(name);
  auto deleted = noted(store_->delete_topic(name));
  if (deleted.has_error() && store_->topic(name).has_value()) {
    registry_.put(entry);  // refused: the topic is as it was
    return deleted;
  }
  for (const auto& partition : entry->partitions) {
    Shard& owner = partition->owner();
    owner.post([&owner, partition] {
      owner.disown(partition->log().id());
      partition->retire();
    });
  }
  log::info("topic deleted", {{"topic", name}, {"id", entry->catalog.id.to_string()}});
  return deleted;
}

Result<ProducerId> Broker::allocate_producer_id() { return noted(store_->allocate_producer_id()); }

Result<Offset> Broker::delete_records(Partition& partition, Offset before) {
  return noted(store_->delete_records(partition.log(), before));
}

template <class T>
Result<T> Broker::noted(Result<T> result) {
  if (result.has_error() && store_->queue().failed()) on_failed(result.error());
  return result;
}

void Broker::publish(const std::shared_ptr<Partition>& partition, PublishRequest request) {
  Shard& owner = partition->owner();
  if (owner.on_own_thread()) return partition->publish(std::move(request));
  owner.post([partition, request = std::move(request)]() mutable { partition->publish(std::move(request)); });
}

bool Broker::admit(std::size_t bytes) { return in_flight_bytes_.fetch_add(bytes) + bytes <= options_.in_flight_bytes_max; }

void Broker::release(std::size_t bytes) { in_flight_bytes_.fetch_sub(bytes); }

void Broker::notify(const storage::CommitGroup& group) {
  std::vector<LogId> logs;
  logs.reserve(group.batches.size());
  for (const storage::StagedBatch& batch : group.batches) logs.push_back(batch.log->id());
  std::ranges::sort(logs);
  logs.erase(std::unique(logs.begin(), logs.end()), logs.end());
  for (const auto& shard : shards_) {
    std::vector<LogId> owned;
    std::ranges::copy_if(logs, std::back_inserter(owned), [&](LogId log) { return &owner_of(log) == shard.get(); });
    if (owned.empty() && !shard->has_stalled()) continue;
    shard->post([&shard = *shard, owned = std::move(owned)] {
      for (const LogId log : owned) {
        if (Partition* partition = shard.owned(log)) partition->progress();
      }
      shard.retry_stalled();
    });
  }
}

void Broker::on_failed(const Error& error) {
  if (failure_told_.exchange(true)) return;
  log::error("storage failed, no more writes are accepted", {{"error", error.message()}});
  const Error answer(Errc::storage_failed, error.message());
  for (const auto& shard : shards_) {
    shard->post([&shard = *shard, answer] {
      for (const auto& [id, partition] : shard.partitions()) partition->abandon(answer);
    });
  }
}

void Broker::on_full(bool full, const storage::Space& space) {
  const auto reserve_bytes = options_.store.disk_reserve_bytes;
  if (full) {
    log::warn("disk full, publishing is refused", {{"free_bytes", space.free_bytes}, {"disk_reserve_bytes", reserve_bytes}});
  } else {
    log::info("there is room again, publishing is accepted", {{"free_bytes", space.free_bytes}});
  }
}

void Broker::on_maintenance_error(const Error& error) {
  if (store_->queue().failed()) return on_failed(error);
  log::warn("storage maintenance", {{"error", error.message()}});
}

}  // namespace leat::server
