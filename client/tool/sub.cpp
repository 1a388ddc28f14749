#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "client/tool/commands.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/interrupt.hpp"
#include "client/tool/interrupt_watch.hpp"
#include "client/tool/output.hpp"
#include "client/tool/spread_consumer.hpp"
#include "client/tool/subscription_plan.hpp"

namespace leat::tool {
namespace {

/// Where a position lies in one partition. A time is the broker's to find; one after the last record is the end.
Result<Offset> locate(Admin& admin, const std::string& topic, const PartitionInfo& partition, const Position& position) {
  if (position.kind != Position::Kind::time) return resolve(position, {partition.log_start_offset, partition.high_watermark});
  LEAT_ASSIGN(const auto listed, admin.list_offsets(topic, partition.partition, OffsetQuery::at_time(position.value)));
  return listed.offset;
}

Result<PartitionPlan> plan_partition(Admin& admin, const Sub& command, const std::string& topic, const PartitionInfo& partition) {
  PartitionPlan plan{.topic = topic, .partition = partition.partition, .log_start = partition.log_start_offset};
  LEAT_ASSIGN(plan.begin, locate(admin, topic, partition, command.range.begin));
  if (command.range.end) {
    LEAT_ASSIGN(plan.end, locate(admin, topic, partition, *command.range.end));
  }
  if (command.exit_at_end) plan.end = std::min(plan.end.value_or(partition.high_watermark), partition.high_watermark);
  plan.subscribe_at = std::clamp(plan.begin, partition.log_start_offset, partition.high_watermark);
  return plan;
}

/// What the user may not expect of where the partition begins.
void print_note(const Sub& command, const PartitionInfo& partition, const PartitionPlan& plan) {
  const auto number = [](Offset offset) { return static_cast<long long>(offset.value()); };
  if (plan.begin < plan.log_start) {
    std::fprintf(stderr, "leat: %s partition %d begins at offset %lld now: older records are gone\n", plan.topic.c_str(),
                 plan.partition.value(), number(plan.log_start));
  } else if (command.range.begin.kind == Position::Kind::offset && plan.begin > partition.high_watermark) {
    std::fprintf(stderr, "leat: %s partition %d ends at offset %lld now: %s offset %lld\n", plan.topic.c_str(),
                 plan.partition.value(), number(partition.high_watermark), plan.done() ? "there is no" : "waiting for",
                 number(plan.begin));
  }
}

Result<SubscriptionPlan> make_plan(Admin& admin, const GlobalOptions& global, const Sub& command) {
  SubscriptionPlan plan;
  for (const auto& name : command.topics) {
    LEAT_ASSIGN(const auto topic, admin.describe_topic(name));
    LEAT_ASSIGN(const auto partitions, chosen_partitions(topic, command.partition));
    for (const auto& partition : partitions) {
      LEAT_ASSIGN(auto planned, plan_partition(admin, command, name, partition));
      if (!global.quiet) print_note(command, partition, planned);
      plan.add(std::move(planned));
    }
  }
  return plan;
}

/// Prints what the plan wants until it is done. Main thread.
class Printer {
 public:
  Printer(const GlobalOptions& global, const Sub& command, SubscriptionPlan& plan)
      : global_(global), command_(command), plan_(plan), left_(command.count) {}

  [[nodiscard]] bool done() const { return plan_.done() || left_ == 0 || output_.reader_gone(); }

  Result<void> print(const RecordBatch& batch) {
    PartitionPlan* partition = plan_.find(batch.topic(), batch.partition());
    if (partition == nullptr) return ok();
    for (const auto& record : batch) {
      if (left_ == 0) return ok();
      if (!partition->wants(record.offset)) continue;
      append({batch.topic(), batch.partition(), record});
      LEAT_TRY(output_.flush_when_full());
      if (left_) --*left_;
    }
    plan_.advance(*partition, batch.next_offset());
    return ok();
  }

  Result<void> flush() { return output_.flush(); }

 private:
  void append(const PlacedRecord& placed) {
    if (command_.format) {
      command_.format->append(output_.buffer(), placed);
    } else if (global_.output == OutputFormat::json) {
      append_record_json(output_.buffer(), placed);
    } else if (global_.output == OutputFormat::cloudevents) {
      append_record_event(output_.buffer(), placed);
    } else {
      append_record_line(output_.buffer(), placed, command_.topics.size() > 1);
    }
  }

  const GlobalOptions& global_;
  const Sub& command_;
  SubscriptionPlan& plan_;
  std::optional<std::uint64_t> left_;
  Output output_{STDOUT_FILENO};
};

Result<void> follow(SpreadConsumer& consumer, Printer& printer) {
  while (!printer.done()) {
    auto batch = consumer.try_next();
    if (!batch) {
      // Nothing is waiting: show what there is before waiting for more.
      LEAT_TRY(printer.flush());
      if (printer.done()) break;
      batch = consumer.next();
    }
    if (batch->has_error()) {
      LEAT_TRY(printer.flush());
      return std::move(*batch).error();
    }
    LEAT_TRY(printer.print(**batch));
  }
  return printer.flush();
}

}  // namespace

Result<ExitCode> run(const GlobalOptions& global, const Sub& command) {
  Client client(client_options(global, "leat sub"));
  LEAT_TRY(client.connect());
  Admin admin(client);
  LEAT_ASSIGN(auto plan, make_plan(admin, global, command));
  const Interrupt interrupt;
  SpreadConsumer consumer(client, client_options(global, "leat sub"));
  for (const auto& partition : plan.partitions()) {
    if (partition.done()) continue;
    LEAT_TRY(consumer.subscribe(partition.topic, partition.subscribe_at, partition.partition));
  }
  const InterruptWatch watch(interrupt, std::chrono::milliseconds(0), [&consumer] { consumer.close(); });
  Printer printer(global, command, plan);
  const auto followed = follow(consumer, printer);
  if (followed.has_value() || interrupt.requested()) return ExitCode::done;
  return followed.error();
}

}  // namespace leat::tool
