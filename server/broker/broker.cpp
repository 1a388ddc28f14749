#include "server/broker/broker.hpp"

#include <algorithm>
#include <chrono>

#include "protocol/base/units.hpp"
#include "server/config/logging.hpp"

namespace leat::server {
namespace {

/// What was staged before a change is written within moments; should it not be, the next checkpoint settles the matter.
constexpr std::chrono::seconds kSettleMax{1};
/// Sessions stop at what the broker wants in flight, but new ones bring more: while the store stands still, as many as clients
/// come back. Beyond so many times that, nothing waits.
constexpr std::uint64_t kInFlightPerWanted = 2;

Result<void> check_partitions(std::int32_t partitions) {
  if (partitions <= kTopicPartitionsMax) return ok();
  return Error(Errc::invalid_argument, "a topic has at most " + std::to_string(kTopicPartitionsMax) + " partitions");
}

/// A setting's value as the store takes it: a whole number of milliseconds or bytes.
Result<std::string> plain_value(const native::Setting& setting) {
  const std::string_view key = setting.key;
  const bool is_duration = key.ends_with(".ms");
  if (setting.value.empty() || (!is_duration && !key.ends_with(".bytes"))) return setting.value;
  const auto number = is_duration ? parse_duration_ms(setting.value) : parse_size(setting.value);
  if (number.has_error()) return Error(Errc::invalid_argument, setting.key + ": " + number.error().context);
  return std::to_string(*number);
}

/// An altered setting without a value goes back to its default.
storage::TopicSettings without_empty(storage::TopicSettings settings) {
  std::erase_if(settings, [](const auto& setting) { return setting.second.empty(); });
  return settings;
}

}  // namespace

Broker::Broker(BrokerOptions options) : options_(std::move(options)), blocking_(options_.blocking_threads) {
  for (std::size_t i = 0; i < options_.shards; ++i)
    shards_.push_back(std::make_unique<Shard>(i, [this](bool journaled) { write_staged(journaled); }));
}

Broker::~Broker() {
  for (const auto& shard : shards_) shard->stop();
  blocking_.join();
  end_topic_changes();
  store_threads_.reset();  // they call back
}

Result<std::unique_ptr<Broker>> Broker::open(storage::FileSystem& fs, const Clock& clock, Random& random, BrokerOptions options) {
  std::unique_ptr<Broker> broker(new Broker(std::move(options)));
  storage::StoreOptions store_options = broker->options_.store;
  store_options.queue.stager_writes = true;  // in write_staged()
  store_options.on_checkpoint = [&metrics = broker->store_metrics_](std::chrono::nanoseconds took) {
    metrics.checkpoint_time.observe(static_cast<std::uint64_t>(took.count()));
  };
  LEAT_ASSIGN(broker->store_, storage::Store::open(fs, clock, random, std::move(store_options)));
  for (const storage::Topic& topic : broker->store_->topics()) broker->enter(topic);
  return broker;
}

void Broker::start() {
  store_threads_ = std::make_unique<storage::StoreThreads>(*store_, *this, options_.maintenance);
  for (const auto& shard : shards_) shard->start();
}

void Broker::end_topic_changes() {
  topic_changes_.stop();  // those that have not begun
  topic_changes_.join();
}

Result<void> Broker::stop() {
  for (const auto& shard : shards_) shard->stop();
  blocking_.join();
  end_topic_changes();
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
    // Before the registry learns of it: whatever is posted to the shard about the partition comes behind this.
    owner.post([&owner, log, partition = std::move(partition)] { owner.own(log, partition); });
  }
  registry_.put(entry);
  return entry;
}

Result<storage::TopicSettings> Broker::checked_settings(const std::vector<native::Setting>& settings) const {
  storage::TopicSettings checked;
  for (const native::Setting& setting : settings) {
    LEAT_ASSIGN(std::string value, plain_value(setting));
    if (!checked.emplace(setting.key, std::move(value)).second)
      return Error(Errc::invalid_argument, "setting " + setting.key + " is given twice");
  }
  LEAT_ASSIGN(const storage::TopicConfig config, storage::apply_settings(options_.store.topic_defaults, without_empty(checked)));
  if (static_cast<std::uint64_t>(config.batch_bytes_max) > options_.batch_bytes_max) {
    return Error(Errc::invalid_argument, "max.message.bytes is at most " + std::to_string(options_.batch_bytes_max) +
                                             ", what a frame to this broker (limits.frame_bytes_max) has room for");
  }
  return checked;
}

Result<TopicEntryPtr> Broker::create_topic(const native::CreateTopic& request) {
  LEAT_ASSIGN(const auto settings, checked_settings(request.settings));
  const std::lock_guard lock(admin_mutex_);
  if (registry_.size() >= options_.topics_max)
    return Error(Errc::limit_reached, "this broker takes " + format_count(options_.topics_max, "topic"));
  const std::int32_t partitions = request.partitions == 0 ? options_.default_partitions : request.partitions;
  LEAT_TRY(check_partitions(partitions));
  LEAT_ASSIGN(const storage::Topic topic, noted(store_->create_topic(request.name, partitions, settings)));
  log::info("topic created", {{"topic", topic.entry.name}, {"id", topic.entry.id.to_string()}, {"partitions", partitions}});
  return enter(topic);
}

Result<TopicEntryPtr> Broker::alter_topic(const native::AlterTopic& request) {
  LEAT_ASSIGN(const auto settings, checked_settings(request.settings));
  LEAT_TRY(check_partitions(request.partitions));
  LEAT_ASSIGN(const TopicEntryPtr entry, alter_topic_in_turn(request, settings));
  LEAT_TRY(settle(*entry));
  return entry;
}

Result<TopicEntryPtr> Broker::alter_topic_in_turn(const native::AlterTopic& request, const storage::TopicSettings& settings) {
  const std::lock_guard lock(admin_mutex_);
  LEAT_ASSIGN(const storage::Topic topic, noted(store_->alter_topic(request.name, request.partitions, settings)));
  log::info("topic altered", {{"topic", topic.entry.name}, {"partitions", topic.logs.size()}});
  return enter(topic);
}

Result<void> Broker::settle(const TopicEntry& topic) {
  const auto is_settled = [](const auto& partition) { return partition->log().settled(); };
  // While a change is under way the log takes nothing, so that what it has will be written.
  const auto waits_for_checkpoint = [&](const auto& partition) {
    return is_settled(partition) || partition->log().written_end() == partition->log().next_offset();
  };
  const auto deadline = std::chrono::steady_clock::now() + kSettleMax;
  ++settling_;
  store_->queue().hurry();
  Result<void> result;
  while (result.has_value() && !std::ranges::all_of(topic.partitions, is_settled)) {
    std::unique_lock lock(written_mutex_);
    const bool written = written_.wait_until(
        lock, deadline, [&] { return std::ranges::all_of(topic.partitions, waits_for_checkpoint) || store_->queue().failed(); });
    lock.unlock();
    if (!written) break;
    result = noted(store_->checkpoint());
    if (std::chrono::steady_clock::now() >= deadline) break;
  }
  --settling_;
  retry_stalled(topic);
  return result;
}

void Broker::retry_stalled(const TopicEntry& topic) {
  std::vector<Shard*> owners;
  for (const auto& partition : topic.partitions) owners.push_back(&partition->owner());
  std::ranges::sort(owners);
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  for (Shard* owner : owners) owner->post([owner] { owner->retry_stalled(); });
}

Result<void> Broker::delete_topic(const std::string& name) {
  const std::lock_guard lock(admin_mutex_);
  const TopicEntryPtr entry = registry_.by_name(name);
  if (!entry) return Error(Errc::unknown_topic, name);
  // Until the store has agreed the topic is there; publishes that come between are refused by the log.
  auto deleted = noted(store_->delete_topic(name));
  if (deleted.has_error()) {
    if (store_->topic(name).has_value()) return deleted;
    log::warn("files of a deleted topic are left behind, until the next start",
              {{"topic", name}, {"id", entry->catalog.id.to_string()}, {"error", deleted.error().message()}});
  }
  registry_.remove(name);
  for (const auto& partition : entry->partitions) {
    Shard& owner = partition->owner();
    owner.post([&owner, partition] {
      owner.disown(partition->log().id());
      partition->retire();
    });
  }
  log::info("topic deleted", {{"topic", name}, {"id", entry->catalog.id.to_string()}});
  return ok();
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
  request.may_wait = in_flight_bytes_.load() <= kInFlightPerWanted * options_.in_flight_bytes_max;
  Shard& owner = partition->owner();
  if (owner.on_own_thread()) return partition->publish(std::move(request));
  owner.post([partition, request = std::move(request)]() mutable { partition->publish(std::move(request)); });
}

void Broker::write_staged(bool journaled) {
  const auto group = store_->write_small();
  if (group.has_error() && group.error().code != Errc::storage_full) return on_failed(group.error());
  const bool is_written = group.has_value() && *group;
  if (!is_written || journaled) store_->queue().hurry();
  if (is_written) on_written(**group);
}

bool Broker::admit(std::size_t bytes) { return in_flight_bytes_.fetch_add(bytes) + bytes <= options_.in_flight_bytes_max; }

void Broker::release(std::size_t bytes) { in_flight_bytes_.fetch_sub(bytes); }

void Broker::on_durable(const storage::CommitGroup& group) {
  store_metrics_.journal_group_bytes.observe(group.padded_bytes());
  store_metrics_.journal_group_batches.observe(group.batches.size());
  store_metrics_.journal_write_time.observe(static_cast<std::uint64_t>(group.journal_time.count()));
  notify(group, [](Shard&) { return true; });
}

void Broker::on_written(const storage::CommitGroup& group) {
  // What goes through the journal becomes visible there: few care when it is written, and waking a thread costs more than asking.
  notify(group, [&](Shard& shard) { return !group.journaled || shard.waits_for_written(); });
  tell_settling();
}

void Broker::tell_settling() {
  if (settling_.load() == 0) return;
  // With the lock held in between, whoever looked before this came about is waiting by now.
  { const std::lock_guard lock(written_mutex_); }
  written_.notify_all();
}

template <class Cares>
void Broker::notify(const storage::CommitGroup& group, Cares cares) {
  std::vector<LogId> logs;
  logs.reserve(group.batches.size());
  for (const storage::StagedBatch& batch : group.batches) logs.push_back(batch.log->id());
  std::ranges::sort(logs);
  logs.erase(std::unique(logs.begin(), logs.end()), logs.end());
  for (const auto& shard : shards_) {
    std::vector<LogId> owned;
    std::ranges::copy_if(logs, std::back_inserter(owned), [&](LogId log) { return &owner_of(log) == shard.get(); });
    if ((owned.empty() || !cares(*shard)) && !shard->has_stalled()) continue;
    if (shard->on_own_thread()) {
      tell(*shard, owned, true);
    } else {
      shard->post([&shard = *shard, owned = std::move(owned)] { tell(shard, owned, false); });
    }
  }
}

void Broker::tell(Shard& shard, const std::vector<LogId>& logs, bool is_within_a_handler) {
  std::vector<LogId> unknown;
  for (const LogId log : logs) {
    if (Partition* partition = shard.owned(log)) {
      partition->progress();
    } else if (is_within_a_handler) {
      unknown.push_back(log);
    }
  }
  shard.retry_stalled();
  // A handler may have published to a topic that the registry has had since it began; the shard is about to learn of it.
  if (!unknown.empty()) shard.post([&shard, unknown = std::move(unknown)] { tell(shard, unknown, false); });
}

void Broker::on_failed(const Error& error) {
  tell_settling();
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
  const std::lock_guard lock(maintenance_mutex_);
  if (maintenance_error_ == error.message()) return;  // it is tried again and again
  maintenance_error_ = error.message();
  log::warn("storage maintenance", {{"error", maintenance_error_}});
}

}  // namespace leat::server
