#include "simulation/simulated_broker.hpp"

#include <algorithm>

namespace leat::simulation {

using storage::PartitionLog;
using storage::Store;
using storage::TopicSettings;

namespace {

constexpr std::size_t kProducers = 3;
constexpr std::size_t kUnacknowledgedMax = storage::ProducerState::kInFlightMax;
constexpr TimestampMs kStartMs = 1'700'000'000'000;

}  // namespace

storage::StoreOptions simulated_options(Scale scale) {
  const std::size_t times = scale == Scale::large ? 8 : 1;
  storage::StoreOptions options;
  options.data_dir = "/srv/leat/data";
  options.topic_defaults.segment_bytes = scale == Scale::large ? 160 << 10 : 3000;
  options.topic_defaults.batch_bytes_max = static_cast<std::int64_t>(times * 10) << 10;
  options.journal.file_bytes = (times * 32) << 10;
  options.journal.files_max = 3;
  options.queue.group_bytes_max = (times * 8) << 10;
  options.queue.queued_bytes_max = (times * 64) << 10;
  options.queue.tail_bytes_max = (times * 16) << 10;
  options.disk_reserve_bytes = 0;
  options.read_block_bytes = 4096;
  options.spare_read_blocks_max = 4;
  options.partitions_max = 12;
  options.open_files_max = 3;
  return options;
}

SimulatedBroker::SimulatedBroker(std::uint64_t seed, Scale scale)
    : options_(simulated_options(scale)), clock_(kStartMs), random_(seed), disk_(std::make_unique<SimulatedDisk>()) {
  disk_->set_clock(clock_);
}

SimulatedBroker::~SimulatedBroker() = default;

void SimulatedBroker::on_operation(std::function<void(std::string_view)> hook) {
  hook_ = std::move(hook);
  disk_->on_operation([this](std::uint64_t, std::string_view name) {
    if (hook_) hook_(name);
  });
}

Result<void> SimulatedBroker::start() {
  if (stays_down_) return ok();
  auto opened = Store::open(*disk_, clock_, random_, options_);
  if (opened.has_error()) return forgive("start", opened.error());
  const Promise promised = promise_while_down_;
  store_ = std::move(opened).value();
  for (const storage::Topic& topic : store_->topics()) {
    for (const auto& log : topic.logs) logs_[log->id()] = log;
  }
  auto checked = check_recovered(*store_, model_, promised, last_crash_, false);
  if (checked.has_error()) return checked;
  BrokerModel model = model_;
  auto resumed = resume(*store_, model);
  if (resumed.has_error()) {
    if (resumed.error().code == Errc::internal) return resumed;
    // What was sent again so far is in the places it had before, as the model still has it.
    logs_.clear();
    store_.reset();
    return forgive("resume", resumed.error());
  }
  model_ = std::move(model);
  while (producers_.size() < kProducers) {
    producers_.push_back(model_.highest_producer);
    LEAT_TRY(renew_producer(producers_.size() - 1));
  }
  return ok();
}

Result<void> SimulatedBroker::stop() {
  if (!store_) return ok();
  auto closed = store_->close();
  if (closed.has_error()) {
    LEAT_TRY(forgive("close", closed.error()));
  } else {
    note_acknowledgements();
  }
  promise_while_down_ = live_promise();
  last_crash_ = Crash::process_death;
  logs_.clear();
  store_.reset();
  return ok();
}

void SimulatedBroker::crash(const CrashChoice& choice, Crash crash) {
  if (store_) promise_while_down_ = live_promise();
  last_crash_ = crash;
  auto left = disk_->crash(choice);
  logs_.clear();
  store_.reset();
  disk_ = std::move(left);
  disk_->set_clock(clock_);
  if (crash == Crash::power_loss) {
    for (auto& [id, promise] : promise_while_down_) promise.written_end = promise.durable_end;
  }
  on_operation(std::move(hook_));
}

Result<void> SimulatedBroker::create_topic(const std::string& name, std::int32_t partitions, const TopicSettings& settings) {
  model_.uncertain.insert(name);
  const auto created = store_->create_topic(name, partitions, settings);
  if (created.has_error()) return forgive_topic(name, "create", created.error());
  model_.uncertain.clear();
  learn(*created);
  return ok();
}

Result<void> SimulatedBroker::alter_topic(const std::string& name, std::int32_t partitions, const TopicSettings& settings) {
  model_.uncertain.insert(name);
  const auto altered = store_->alter_topic(name, partitions, settings);
  if (altered.has_error()) return forgive_topic(name, "alter", altered.error());
  model_.uncertain.clear();
  learn(*altered);
  return ok();
}

Result<void> SimulatedBroker::delete_topic(const std::string& name) {
  model_.uncertain.insert(name);
  const auto deleted = store_->delete_topic(name);
  if (deleted.has_error()) return forgive_topic(name, "delete", deleted.error());
  model_.uncertain.clear();
  for (const LogId log : model_.topics[name]) logs_.erase(log);
  model_.topics.erase(name);
  return ok();
}

Result<void> SimulatedBroker::delete_records(LogId log, Offset before) {
  const auto start = store_->delete_records(*logs_.at(log), before);
  if (start.has_error()) return forgive("delete records", start.error());
  if (*start < before) return violation("records before " + to_string(before) + " were not deleted");
  model_.logs[log].acknowledged_start = *start;
  note_acknowledgements();
  return ok();
}

Result<void> SimulatedBroker::publish(LogId log, std::size_t producer, std::int32_t records, std::size_t record_bytes,
                                      record::Codec codec) {
  ModelLog& model = model_.logs[log];
  const ProducerId id = producers_[producer];
  if (model.unacknowledged(id) == kUnacknowledgedMax) return ok();
  const SentBatch batch{id, model.next_sequence(id), records, record_bytes, clock_.wall_ms(), codec};
  const auto duplicate = send(*logs_.at(log), model, batch);
  if (duplicate.has_value()) return *duplicate ? violation("a new batch was taken for a duplicate") : ok();
  if (duplicate.error().code == Errc::would_block || duplicate.error().code == Errc::internal) {
    return duplicate.error().code == Errc::would_block ? ok() : Result<void>(duplicate.error());
  }
  return forgive("publish", duplicate.error());
}

Result<void> SimulatedBroker::publish_again(LogId log, std::size_t producer, std::size_t back) {
  ModelLog& model = model_.logs[log];
  std::size_t seen = 0;
  for (auto batch = model.batches.rbegin(); batch != model.batches.rend(); ++batch) {
    if (batch->sent.producer != producers_[producer] || seen++ != back) continue;
    const SentBatch again = batch->sent;
    const auto duplicate = send(*logs_.at(log), model, again);
    if (duplicate.has_error())
      return duplicate.error().code == Errc::internal ? duplicate.error() : forgive("retry", duplicate.error());
    return *duplicate ? ok() : Result<void>(violation("a repeated batch was appended twice"));
  }
  return ok();
}

Result<void> SimulatedBroker::publish_gap(LogId log, std::size_t producer) {
  ModelLog& model = model_.logs[log];
  const ProducerId id = producers_[producer];
  const std::int32_t next = model.next_sequence(id);
  if (next == 0) return ok();
  const auto sent = send(*logs_.at(log), model, {id, next + 3, 1, 10, clock_.wall_ms(), record::Codec::none});
  if (sent.has_error() && sent.error().code == Errc::out_of_order_sequence) return ok();
  return sent.has_error() ? forgive("gap", sent.error()) : violation("a gap in the sequence was not noticed");
}

Result<void> SimulatedBroker::renew_producer(std::size_t producer) {
  const auto id = store_->allocate_producer_id();
  if (id.has_error()) return forgive("allocate producer id", id.error());
  if (*id <= model_.highest_producer) return violation("producer id " + std::to_string(id->value()) + " was given away twice");
  model_.highest_producer = *id;
  producers_[producer] = *id;
  return ok();
}

Result<void> SimulatedBroker::read_back(LogId log, bool decode) {
  const auto& live = logs_.at(log);
  return check_contents(*live, model_.logs[log], live->high_watermark(), decode);
}

Result<void> SimulatedBroker::find_time(LogId id, TimestampMs timestamp) {
  const auto& log = logs_.at(id);
  const Offset end = log->high_watermark();
  Offset expected = end;  // none
  for (const ModelBatch& batch : model_.logs[id].batches) {
    for (std::int32_t i = 0; i < batch.sent.records; ++i) {
      const Offset offset = batch.base + i;
      if (offset >= log->log_start() && batch.sent.timestamp + i >= timestamp) expected = std::min(expected, offset);
    }
  }
  LEAT_ASSIGN(const auto found, log->find_time(timestamp, end));
  const bool same = (found ? found->offset : end) == expected;
  return same ? ok() : Result<void>(violation("find_time found another record than the first"));
}

Result<void> SimulatedBroker::journal_one() {
  const bool failed = store_->queue().failed();
  const auto group = store_->journal_one();
  if (group.has_error()) {
    return group.error().code == Errc::journal_full ? ok() : forgive("journal", group.error());
  }
  if (failed && *group) return violation("a group was acknowledged after a failure");
  note_acknowledgements();
  return ok();
}

Result<void> SimulatedBroker::write_one() {
  return write([this] { return store_->write_one(); });
}
Result<void> SimulatedBroker::write_small() {
  return write([this] { return store_->write_small(); });
}

template <class Write>
Result<void> SimulatedBroker::write(Write write) {
  const bool failed = store_->queue().failed();
  const auto group = write();
  if (group.has_error()) return forgive("write", group.error());
  if (failed && *group) return violation("a group was written after a failure");
  note_acknowledgements();
  return ok();
}

Result<void> SimulatedBroker::checkpoint() {
  const auto saved = store_->checkpoint();
  if (saved.has_error()) return forgive("checkpoint", saved.error());
  note_acknowledgements();
  return ok();
}

Result<void> SimulatedBroker::prepare_journal() {
  const auto prepared = store_->prepare_journal();
  return prepared.has_error() ? forgive("prepare journal", prepared.error()) : ok();
}

Result<void> SimulatedBroker::enforce_retention(std::chrono::milliseconds later) {
  clock_.advance(later);
  const Promise before = live_promise();
  const auto enforced = store_->enforce_retention();
  if (enforced.has_error()) return forgive("retention", enforced.error());
  for (const auto& [id, log] : logs_) {
    if (log->log_start() > before.at(id).log_start) model_.logs[id].acknowledged_start = log->log_start();
  }
  note_acknowledgements();
  return ok();
}

Result<void> SimulatedBroker::drain() {
  const auto drained = simulation::drain(*store_);
  if (drained.has_error()) return forgive("drain", drained.error());
  note_acknowledgements();
  return ok();
}

Promise SimulatedBroker::promise() const { return store_ ? live_promise() : promise_while_down_; }

Promise SimulatedBroker::live_promise() const {
  Promise promise;
  for (const auto& [id, log] : logs_) promise[id] = {log->durable_end(), log->written_end(), log->log_start()};
  return promise;
}

std::vector<LogId> SimulatedBroker::logs() const {
  std::vector<LogId> ids;
  for (const auto& [id, log] : logs_) ids.push_back(id);
  return ids;
}

Result<void> SimulatedBroker::forgive(std::string_view what, const Error& error) {
  const bool of_the_disk = error.code == Errc::io_error || error.code == Errc::storage_full ||
                           error.code == Errc::storage_failed || error.code == Errc::journal_full;
  if (!faults_expected_ || !of_the_disk) return violation(std::string(what) + ": " + error.message());
  last_fault_ = error;
  return ok();
}

Result<void> SimulatedBroker::forgive_topic(const std::string& name, std::string_view what, const Error& error) {
  LEAT_TRY(forgive(what, error));
  const auto now = store_->topic(name);
  if (now.has_value()) {
    learn(*now);
    return ok();
  }
  for (const LogId log : model_.topics[name]) logs_.erase(log);
  model_.topics.erase(name);
  return ok();
}

void SimulatedBroker::learn(const storage::Topic& topic) {
  model_.topics[topic.entry.name] = topic.entry.logs;
  for (const auto& log : topic.logs) {
    logs_[log->id()] = log;
    model_.logs.try_emplace(log->id());
  }
}

void SimulatedBroker::note_acknowledgements() {
  for (const auto& [id, log] : logs_) model_.logs[id].acknowledge(log->high_watermark());
}

}  // namespace leat::simulation
