#include "simulation/workload.hpp"

#include <algorithm>

namespace leat::simulation {

using storage::TopicSettings;

namespace {

constexpr std::size_t kTopicsMax = 3;

}  // namespace

Result<void> Workload::step() {
  if (broker_.model().topics.empty()) return change_topics();
  const std::uint64_t dice = below(1000);
  if (dice < 380) return publish();
  if (dice < 580) return broker_.journal_one();
  if (dice < 700) return broker_.write_one();
  if (dice < 760) return broker_.write_small();
  if (dice < 810) return repeat();
  if (dice < 850) return read();
  if (dice < 950) return maintain();
  if (dice < 985) return change_topics();
  return restart();
}

std::optional<LogId> Workload::any_log() {
  const auto logs = broker_.logs();
  if (logs.empty()) return std::nullopt;
  return logs[below(logs.size())];
}

std::optional<std::string> Workload::any_topic() {
  const auto& topics = broker_.model().topics;
  if (topics.empty()) return std::nullopt;
  return std::next(topics.begin(), static_cast<std::ptrdiff_t>(below(topics.size())))->first;
}

TopicSettings Workload::any_settings() {
  TopicSettings settings;
  if (below(3) == 0) settings["durability"] = below(2) == 0 ? "os" : "durable";
  if (below(2) == 0) settings["segment.bytes"] = std::to_string((scale_ == Scale::large ? 80'000 : 1'024) * (1 + below(4)));
  settings["retention.bytes"] = std::to_string((scale_ == Scale::large ? 100'000 : 2'000) * (1 + below(4)));
  if (below(2) == 0) settings["retention.ms"] = std::to_string(60'000 * (1 + below(3)));
  return settings;
}

record::Codec Workload::any_codec() { return below(8) == 0 ? record::Codec::lz4 : record::Codec::none; }

Result<void> Workload::change_topics() {
  const auto topic = any_topic();
  const std::uint64_t dice = below(10);
  if (!topic || (dice < 3 && broker_.model().topics.size() < kTopicsMax)) {
    return broker_.create_topic("topic-" + std::to_string(++topics_created_), static_cast<std::int32_t>(1 + below(2)),
                                any_settings());
  }
  if (dice < 4) return broker_.delete_topic(*topic);
  const auto partitions = static_cast<std::int32_t>(broker_.model().topics.at(*topic).size());
  const bool grow = partitions < 3 && below(3) == 0;
  return broker_.alter_topic(*topic, grow ? partitions + 1 : 0, any_settings());
}

Result<void> Workload::publish() {
  const auto log = any_log();
  if (!log) return ok();
  const auto records = static_cast<std::int32_t>(1 + below(4));
  std::size_t bytes = below(10) == 0 ? 1'000 + below(1'400) : below(200);
  if (scale_ == Scale::large) bytes *= 8;
  return broker_.publish(*log, below(broker_.producers()), records, bytes, any_codec());
}

Result<void> Workload::repeat() {
  const auto log = any_log();
  if (!log) return ok();
  const std::uint64_t dice = below(10);
  if (dice == 0) return broker_.renew_producer(below(broker_.producers()));
  if (dice < 3) return broker_.publish_gap(*log, below(broker_.producers()));
  return broker_.publish_again(*log, below(broker_.producers()), below(5));
}

Result<void> Workload::read() {
  const auto log = any_log();
  if (!log) return ok();
  if (below(2) == 0) return broker_.read_back(*log, below(2) == 0);
  return broker_.find_time(*log, broker_.clock().wall_ms() - static_cast<TimestampMs>(below(120'000)));
}

Result<void> Workload::maintain() {
  const std::uint64_t dice = below(10);
  if (dice < 3) return broker_.checkpoint();
  if (dice < 5) return broker_.prepare_journal();
  if (dice < 9) return broker_.enforce_retention(std::chrono::seconds(below(30)));
  const auto log = any_log();
  if (!log) return ok();
  const auto visible = static_cast<std::uint64_t>(broker_.high_watermark(*log).value());
  return broker_.delete_records(*log, Offset(static_cast<std::int64_t>(below(visible + 1))));
}

Result<void> Workload::restart() {
  switch (below(4)) {
    case 0:
      LEAT_TRY(broker_.stop());
      break;
    case 1:
      broker_.crash(CrashChoice::keep_everything(), Crash::process_death);
      break;
    case 2:
      broker_.crash(CrashChoice::lose_everything_unsynced(), Crash::power_loss);
      break;
    default:
      broker_.crash(CrashChoice::random(random_.next()), Crash::power_loss);
      break;
  }
  return broker_.start();
}

}  // namespace leat::simulation
