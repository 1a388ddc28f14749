#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "client/tool/commands.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/interrupt_watch.hpp"
#include "client/tool/output.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/publishing.hpp"
#include "client/tool/text_table.hpp"
#include "client/tool/wait_notes.hpp"
#include "protocol/text/json_text.hpp"

namespace leat::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

/// Connects, publishes and waits. When it returns the client is gone, and with it every callback.
Result<PubOutcome> publish_by_sdk(const GlobalOptions& global, const Pub& command, Deliveries& deliveries) {
  Client client(client_options(global, "leat pub"));
  LEAT_TRY(client.connect());
  Admin admin(client);
  // How many partitions a new topic gets is the broker's to say; it has the first for certain.
  const bool create = command.create_topic && command.partition.value_or(PartitionId(0)) == PartitionId(0);
  LEAT_ASSIGN(const auto topic, find_topic(admin, command.topic, create));
  if (topic.created && !global.quiet) std::fprintf(stderr, "leat: created topic %s\n", topic.info.name.c_str());
  LEAT_TRY(chosen_partitions(topic.info, command.partition));

  const std::size_t record_bytes_max = message_bytes_max(topic.info);
  ProducerOptions options;
  options.ack = command.ack;
  options.codec = command.codec;
  options.buffer_bytes_max = std::max(options.buffer_bytes_max, 2 * record_bytes_max);
  options.on_retry = retry_notes(global);
  const Interrupt interrupt;
  Producer producer(client, options);
  const InterruptWatch watch(interrupt, kPublishGrace, [&producer] { producer.close(); });
  const auto start = SteadyClock::now();
  const Progress progress(!global.quiet, [&deliveries, start] { return publishing_progress(deliveries, start); });

  PubOutcome outcome;
  RecordSource source(command, deliveries, [&](const OutgoingRecord& record) {
    return producer.send(command.topic, record, [&deliveries](const Result<Delivery>& told) { deliveries.add(told); });
  });
  const auto sent = source.send_all(interrupt, record_bytes_max);
  if (sent.has_error()) outcome.input_error = sent.error();
  // Its outcome is each record's own, and those are counted.
  [[maybe_unused]] const auto flushed = producer.flush();
  outcome.accepted = source.accepted();
  outcome.seconds = seconds_since(start);
  outcome.interrupted = interrupt.requested();
  return outcome;
}

std::string note(const Pub& command, const PubOutcome& outcome, const Deliveries& deliveries) {
  const auto done = deliveries.acknowledged();
  std::string text = "leat: " + counted(done, "record") + " acknowledged";
  if (deliveries.level()) text += fmt::format(" ({})", name_of(*deliveries.level()));
  text += fmt::format(" in {:.3f} s{}\n", outcome.seconds, outcome.interrupted ? ", interrupted" : "");
  for (const auto& [partition, range] : deliveries.partitions()) {
    text += fmt::format("  {} partition {}: {}, offsets {} to {}\n", command.topic, partition.value(),
                        counted(range.records, "record"), range.first.value(), range.last.value());
  }
  return text;
}

std::string json(const Pub& command, const PubOutcome& outcome, const Deliveries& deliveries) {
  std::string text = "{\"topic\":";
  append_json_string_lossy(text, command.topic);
  const auto done = deliveries.acknowledged();
  text += fmt::format(",\"acknowledged\":{},\"unacknowledged\":{},\"level\":", done, outcome.accepted - done);
  text += deliveries.level() ? fmt::format("\"{}\"", name_of(*deliveries.level())) : "null";
  text += fmt::format(",\"interrupted\":{},\"seconds\":{:.3f},\"partitions\":[", outcome.interrupted, outcome.seconds);
  const char* separator = "";
  for (const auto& [partition, range] : deliveries.partitions()) {
    text += fmt::format("{}{{\"partition\":{},\"records\":{},\"first_offset\":{},\"last_offset\":{}}}", separator,
                        partition.value(), range.records, range.first.value(), range.last.value());
    separator = ",";
  }
  return text + "]}\n";
}

}  // namespace

Result<ExitCode> run(const GlobalOptions& global, const Pub& command) {
  Deliveries deliveries;
  const auto publish = command.by_http ? publish_by_http : publish_by_sdk;
  LEAT_ASSIGN(const PubOutcome outcome, publish(global, command, deliveries));
  const std::uint64_t missing = outcome.accepted - deliveries.acknowledged();
  if (global.output == OutputFormat::json) {
    Output output(STDOUT_FILENO);
    output.buffer() += json(command, outcome, deliveries);
    LEAT_TRY(output.flush());
  } else if (!global.quiet) {
    std::fputs(note(command, outcome, deliveries).c_str(), stderr);
  }
  if (missing > 0) {
    const Error cause = deliveries.first_error().value_or(Error(Errc::closed));
    return Error(cause.code == Errc::closed ? Errc::cancelled : cause.code,
                 fmt::format("{} of {} not acknowledged{}{}", grouped(missing), counted(outcome.accepted, "record"),
                             cause.context.empty() ? "" : ": ", cause.context));
  }
  if (outcome.input_error) return *outcome.input_error;
  return ExitCode::done;
}

}  // namespace leat::tool
