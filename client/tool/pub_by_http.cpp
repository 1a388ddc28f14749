#include <cstdio>

#include "client/tool/connection.hpp"
#include "client/tool/http_publisher.hpp"
#include "client/tool/interrupt_watch.hpp"
#include "client/tool/progress.hpp"
#include "client/tool/publishing.hpp"

namespace leat::tool {
namespace {

/// What a topic takes is the broker's to say; this only keeps a file without line ends out of memory.
constexpr std::size_t kLineBytesMax = std::size_t{64} << 20;

}  // namespace

Result<PubOutcome> publish_by_http(const GlobalOptions& global, const Pub& command, Deliveries& deliveries) {
  LEAT_ASSIGN(auto endpoint, http_endpoint(global.server));
  HttpPublisher publisher(std::move(endpoint), command.topic, command.ack);
  LEAT_TRY(publisher.connect());
  const bool create = command.create_topic && command.partition.value_or(PartitionId(0)) == PartitionId(0);
  LEAT_ASSIGN(const bool created, publisher.find_topic(create));
  if (created && !global.quiet) std::fprintf(stderr, "leat: created topic %s\n", command.topic.c_str());

  const Interrupt interrupt;
  const InterruptWatch watch(interrupt, kPublishGrace, [&publisher] { publisher.abort(); });
  const auto start = std::chrono::steady_clock::now();
  const Progress progress(!global.quiet, [&deliveries, start] { return publishing_progress(deliveries, start); });
  RecordSource source(command, deliveries, [&](const OutgoingRecord& record) { return publisher.send(record, deliveries); });
  PubOutcome outcome;
  const auto sent = source.send_all(interrupt, kLineBytesMax);
  if (sent.has_error()) outcome.input_error = sent.error();
  // Where the connection is at fault, what was not answered has failed with it.
  if (const auto flushed = publisher.flush(deliveries); flushed.has_error()) deliveries.add(flushed.error());
  outcome.accepted = source.accepted();
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.interrupted = interrupt.requested();
  return outcome;
}

}  // namespace leat::tool
