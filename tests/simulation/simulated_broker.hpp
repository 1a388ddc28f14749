#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "simulation/broker_model.hpp"
#include "simulation/simulated_disk.hpp"

namespace leat::simulation {

/// How large things are in a simulation. Small ones pass every boundary often; an index has entries only in large ones.
enum class Scale { small, large };

storage::StoreOptions simulated_options(Scale scale);

/// A store on a simulated disk, driven from one thread by whoever calls its verbs, and the model of what it has answered.
///
/// A verb fails with Errc::internal when the store broke a promise. Any other answer of the store that a sound disk does not
/// explain is one too, unless faults are expected; then the verb succeeds, the model learns nothing, and last_fault() has the
/// error.
class SimulatedBroker {
 public:
  explicit SimulatedBroker(std::uint64_t seed, Scale scale = Scale::small);
  ~SimulatedBroker();
  SimulatedBroker(const SimulatedBroker&) = delete;
  SimulatedBroker& operator=(const SimulatedBroker&) = delete;

  /// Called before every operation of the disk with its name, on whichever disk the broker is at the time.
  void on_operation(std::function<void(std::string_view)> hook);
  void expect_faults() { faults_expected_ = true; }
  /// start() does nothing from now on: the machine stopped with the process.
  void stay_down() { stays_down_ = true; }
  [[nodiscard]] const std::optional<Error>& last_fault() const { return last_fault_; }

  // --- the process and its machine
  Result<void> start();
  Result<void> stop();
  /// Ends the process without a word; the disk is what the choice leaves.
  void crash(const CrashChoice& choice, Crash crash);
  [[nodiscard]] bool running() const { return store_ != nullptr; }

  // --- topics
  Result<void> create_topic(const std::string& name, std::int32_t partitions, const storage::TopicSettings& settings);
  Result<void> alter_topic(const std::string& name, std::int32_t partitions, const storage::TopicSettings& settings);
  Result<void> delete_topic(const std::string& name);
  Result<void> delete_records(LogId log, Offset before);

  // --- producers and readers
  Result<void> publish(LogId log, std::size_t producer, std::int32_t records, std::size_t record_bytes, record::Codec codec);
  /// Sends one of the producer's last ten batches once more.
  Result<void> publish_again(LogId log, std::size_t producer, std::size_t back);
  /// Leaves sequences out, which the store must notice.
  Result<void> publish_gap(LogId log, std::size_t producer);
  Result<void> read_back(LogId log, bool decode);
  Result<void> find_time(LogId log, TimestampMs timestamp);
  Result<void> renew_producer(std::size_t producer);

  // --- the store's steps
  Result<void> journal_one();
  Result<void> write_one();
  Result<void> write_small();
  Result<void> checkpoint();
  Result<void> prepare_journal();
  Result<void> enforce_retention(std::chrono::milliseconds later);
  Result<void> drain();

  /// What a crash at this moment must leave. Inside the hook too.
  [[nodiscard]] Promise promise() const;
  [[nodiscard]] const BrokerModel& model() const { return model_; }
  [[nodiscard]] SimulatedDisk& disk() { return *disk_; }
  [[nodiscard]] storage::Store& store() { return *store_; }
  [[nodiscard]] const ManualClock& clock() const { return clock_; }
  [[nodiscard]] const storage::StoreOptions& options() const { return options_; }
  [[nodiscard]] std::vector<LogId> logs() const;
  [[nodiscard]] Offset high_watermark(LogId log) const { return logs_.at(log)->high_watermark(); }
  [[nodiscard]] std::size_t producers() const { return producers_.size(); }

 private:
  /// A fault that may be: ok. Anything else: a violation that says so.
  Result<void> forgive(std::string_view what, const Error& error);
  /// The promise of a topic's change that was not answered with success.
  Result<void> forgive_topic(const std::string& name, std::string_view what, const Error& error);
  void learn(const storage::Topic& topic);
  void note_acknowledgements();
  template <class Write>
  Result<void> write(Write write);
  [[nodiscard]] Promise live_promise() const;

  const storage::StoreOptions options_;
  ManualClock clock_;
  SeededRandom random_;
  std::function<void(std::string_view)> hook_;
  std::unique_ptr<SimulatedDisk> disk_;
  std::map<LogId, std::shared_ptr<storage::PartitionLog>> logs_;
  std::unique_ptr<storage::Store> store_;
  BrokerModel model_;
  Promise promise_while_down_;
  Crash last_crash_ = Crash::process_death;
  std::vector<ProducerId> producers_;
  bool faults_expected_ = false;
  bool stays_down_ = false;
  std::optional<Error> last_fault_;
};

}  // namespace leat::simulation
