#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "client/tool/commands.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/deliveries.hpp"
#include "client/tool/interrupt.hpp"
#include "client/tool/interrupt_watch.hpp"
#include "protocol/text/json_text.hpp"
#include "client/tool/line_format.hpp"
#include "client/tool/line_reader.hpp"
#include "client/tool/output.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/text_table.hpp"
#include "client/tool/wait_notes.hpp"

namespace leat::tool {
namespace {

/// How long an interrupted command waits for what it has published.
constexpr std::chrono::seconds kGrace{5};

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

/// Turns messages and lines into records and hands them to the producer. Main thread.
class Publisher {
 public:
  Publisher(const Pub& command, Producer& producer, Deliveries& deliveries)
      : command_(command), producer_(producer), deliveries_(deliveries) {
    format_.key_delimiter = command.key_delimiter;
    format_.timestamp_prefix = command.timestamp_prefix;
    for (const auto& header : command.headers) headers_.push_back({header.name, as_bytes(header.value)});
  }

  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }

  Result<void> send_messages(const Interrupt& interrupt) {
    for (std::size_t i = 0; i < command_.messages.size() && !interrupt.requested() && !deliveries_.has_failure(); ++i) {
      LEAT_TRY(send(command_.messages[i], "message ", i + 1));
    }
    return ok();
  }

  Result<void> send_lines(const Interrupt& interrupt, std::size_t line_bytes_max) {
    DescriptorSource input(STDIN_FILENO, interrupt.fd());
    LineReader lines(input, line_bytes_max);
    while (!interrupt.requested() && !deliveries_.has_failure()) {
      auto line = lines.next();
      if (line.has_error() && line.error().code == Errc::cancelled) return ok();
      if (line.has_error()) return std::move(line).error();
      if (!*line) return ok();
      LEAT_TRY(send(**line, "line ", lines.line_number()));
    }
    return ok();
  }

 private:
  Result<void> send(std::string_view text, const char* what, std::size_t number) {
    auto parts = split_line(text, format_);
    if (parts.has_error()) return Error(parts.error().code, what + std::to_string(number) + " " + parts.error().context);
    OutgoingRecord record;
    if (command_.key) record.key = as_bytes(*command_.key);
    if (parts->key) record.key = as_bytes(*parts->key);
    record.value = as_bytes(parts->value);
    record.headers = headers_;
    record.timestamp = parts->timestamp;
    record.partition = command_.partition;
    LEAT_TRY(producer_.send(command_.topic, record, [this](const Result<Delivery>& delivery) { deliveries_.add(delivery); }));
    ++accepted_;
    return ok();
  }

  const Pub& command_;
  Producer& producer_;
  Deliveries& deliveries_;
  LineFormat format_;
  std::vector<HeaderView> headers_;
  std::uint64_t accepted_ = 0;
};

struct Outcome {
  std::uint64_t accepted = 0;
  double seconds = 0;
  bool interrupted = false;
  std::optional<Error> input_error;  ///< what ended reading or sending early
};

/// Connects, publishes and waits. When it returns the client is gone, and with it every callback.
Result<Outcome> publish(const GlobalOptions& global, const Pub& command, Deliveries& deliveries) {
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
  if (!global.quiet) {
    const auto notes = std::make_shared<WaitNotes>([](const std::string& line) {
      // Over the progress, where there is any.
      std::fprintf(stderr, "%s%s\n", ::isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "", line.c_str());
    });
    options.on_retry = [notes](const Error& error) { notes->add(error, SteadyClock::now()); };
  }
  const Interrupt interrupt;
  Producer producer(client, options);
  const InterruptWatch watch(interrupt, kGrace, [&producer] { producer.close(); });
  const auto start = SteadyClock::now();
  const Progress progress(!global.quiet, [&deliveries, start] {
    const auto done = deliveries.acknowledged();
    const auto rate = static_cast<double>(done) / std::max(seconds_since(start), 1e-3);
    return counted(done, "record") + " acknowledged, " + grouped(static_cast<std::uint64_t>(rate)) + "/s";
  });

  Outcome outcome;
  Publisher publisher(command, producer, deliveries);
  const auto sent =
      command.messages.empty() ? publisher.send_lines(interrupt, record_bytes_max) : publisher.send_messages(interrupt);
  if (sent.has_error()) outcome.input_error = sent.error();
  // Its outcome is each record's own, and those are counted.
  [[maybe_unused]] const auto flushed = producer.flush();
  outcome.accepted = publisher.accepted();
  outcome.seconds = seconds_since(start);
  outcome.interrupted = interrupt.requested();
  return outcome;
}

std::string note(const Pub& command, const Outcome& outcome, const Deliveries& deliveries) {
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

std::string json(const Pub& command, const Outcome& outcome, const Deliveries& deliveries) {
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
  LEAT_ASSIGN(const Outcome outcome, publish(global, command, deliveries));
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
