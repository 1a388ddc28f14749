#include "server/metrics/broker_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "server/metrics/text_writer.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr double kMsPerSecond = 1e3;
constexpr std::array<std::string_view, ShardMetrics::kListeners> kListenerNames{"native", "http"};
constexpr std::array<std::string_view, ShardMetrics::kAckLevels> kAckNames{"none", "written", "durable"};

using Shards = std::span<const std::unique_ptr<Shard>>;

std::uint64_t flag(bool is_set) { return is_set ? 1 : 0; }

/// What `number` says of each shard's metrics, added up.
template <class Number>
auto sum_of(Shards shards, Number number) {
  auto sum = number(shards.front()->metrics());
  for (const auto& shard : shards.subspan(1)) sum += number(shard->metrics());
  return sum;
}

struct TopicNumbers {
  TopicEntryPtr entry;
  std::uint64_t size_bytes = 0;
  std::uint64_t records = 0;
  std::array<Traffic::Count, kTransports> published{};
  std::array<Traffic::Count, kTransports> delivered{};
};

void add(Traffic::Count& sum, const Traffic::Count& count) {
  sum.records += count.records;
  sum.bytes += count.bytes;
}

TopicNumbers measure(const TopicEntryPtr& entry) {
  TopicNumbers topic{entry};
  for (const auto& partition : entry->partitions) {
    const storage::PartitionLog& log = partition->log();
    topic.size_bytes += log.size_bytes();
    const std::int64_t records = log.high_watermark().value() - log.log_start().value();
    topic.records += static_cast<std::uint64_t>(std::max<std::int64_t>(records, 0));
    for (std::size_t i = 0; i < kTransports; ++i) {
      add(topic.published[i], partition->published().of(i));
      add(topic.delivered[i], partition->delivered().of(i));
    }
  }
  return topic;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void write_process(MetricsText& text, const MetricsSources& sources) {
  using Seconds = std::chrono::duration<double>;
  text.gauge("leat_build_info", "Always 1; the label says what runs.");
  text.sample({{"version", kVersion}}, std::uint64_t{1});
  text.gauge("leat_uptime_seconds", "Since the daemon listens.");
  text.sample({}, Seconds(std::chrono::steady_clock::now() - sources.started_steady).count());
  text.gauge("process_start_time_seconds", "When the daemon began to listen, since 1970.");
  text.sample({}, Seconds(sources.started.time_since_epoch()).count());
  text.counter("process_cpu_seconds_total", "User and system time of all threads.");
  text.sample({}, cpu_seconds());
  text.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.");
  text.sample({}, resident_bytes());
}

void write_storage(MetricsText& text, Broker& broker) {
  storage::Store& store = broker.store();
  text.gauge("leat_storage_failed", "1 once a write or sync has failed: nothing is accepted any more.");
  text.sample({}, flag(broker.has_failed() || store.queue().failed()));
  text.gauge("leat_storage_full", "1 while publishing is refused for want of room on the disk.");
  text.sample({}, flag(store.queue().full()));
  if (const auto space = store.space(); space.has_value()) {
    text.gauge("leat_disk_free_bytes", "Free to the daemon on the disk of the data directory.");
    text.sample({}, space->free_bytes);
    text.gauge("leat_disk_size_bytes", "Size of that disk.");
    text.sample({}, space->total_bytes);
  }
  text.gauge("leat_disk_reserve_bytes", "Publishing is refused when less is free (storage.disk_reserve_bytes).");
  text.sample({}, std::uint64_t{broker.options().store.disk_reserve_bytes});
}

void write_journal(MetricsText& text, Broker& broker) {
  const storage::Journal& journal = broker.store().journal();
  const StoreMetrics& metrics = broker.store_metrics();
  text.gauge("leat_journal_files", "Files of the journal.");
  text.sample({}, std::uint64_t{journal.files()});
  text.gauge("leat_journal_free_files", "Files of the journal that may be written; none for long means that checkpoints lag.");
  text.sample({}, std::uint64_t{journal.free_files()});
  text.histogram("leat_journal_group_bytes",
                 "Sizes of the groups of batches that one write made durable; their count is that of the writes.");
  text.sample({}, metrics.journal_group_bytes.counts(), 1);
  text.histogram("leat_journal_group_batches", "Batches in those groups.");
  text.sample({}, metrics.journal_group_batches.counts(), 1);
  text.histogram("leat_journal_write_seconds", "How long those writes took, each synchronous to the disk.");
  text.sample({}, metrics.journal_write_time.counts(), kNsPerSecond);
  text.histogram("leat_checkpoint_duration_seconds",
                 "How long checkpoints took, the syncs of all segments written since the last one included.");
  text.sample({}, metrics.checkpoint_time.counts(), kNsPerSecond);
}

void write_memory(MetricsText& text, const MetricsSources& sources) {
  const BrokerOptions& options = sources.broker.options();
  const storage::CommitQueue& queue = sources.broker.store().queue();
  const auto write = [&text](std::string_view buffer, std::size_t bytes) {
    text.sample({{"buffer", buffer}}, std::uint64_t{bytes});
  };
  text.gauge("leat_buffer_bytes", "Memory in use by what is bounded.");
  write("receive", sources.receiving->used_bytes());
  write("send", sources.sending->used_bytes());
  write("commit_queue", queue.queued_bytes());
  write("tail_cache", queue.tail_bytes());
  text.gauge("leat_buffer_limit_bytes", "The bounds of leat_buffer_bytes.");
  write("receive", sources.receiving->limit_bytes());
  write("send", sources.sending->limit_bytes());
  write("commit_queue", options.store.queue.queued_bytes_max);
  write("tail_cache", options.store.queue.tail_bytes_max);
  text.gauge("leat_publish_in_flight_bytes", "Batches that were published and are not answered yet.");
  text.sample({}, sources.broker.in_flight_bytes());
}

void write_connections(MetricsText& text, Shards shards) {
  text.gauge("leat_connections", "Open connections, by the listener that accepted them and what is spoken on them.");
  for (std::size_t i = 0; i < kTransports; ++i) {
    const std::string_view listener = kListenerNames[i == index_of(Transport::native) ? 0 : 1];
    const std::int64_t open = sum_of(shards, [i](ShardMetrics& metrics) { return metrics.connections[i].value(); });
    text.sample({{"listener", listener}, {"transport", kTransportNames[i]}}, open);
  }
  const auto by_listener = [&](auto member) {
    for (std::size_t i = 0; i < kListenerNames.size(); ++i) {
      const std::uint64_t count = sum_of(shards, [&](ShardMetrics& metrics) { return (metrics.*member)[i].value(); });
      text.sample({{"listener", kListenerNames[i]}}, count);
    }
  };
  text.counter("leat_connections_accepted_total", "Connections that were let in.");
  by_listener(&ShardMetrics::connections_accepted);
  text.counter("leat_connections_refused_total", "Connections that were one too many.");
  by_listener(&ShardMetrics::connections_refused);
  text.counter("leat_connections_evicted_total",
               "Connections that were closed because others waited for memory that their peers were slow with.");
  text.sample({}, sum_of(shards, [](ShardMetrics& metrics) { return metrics.connections_evicted.value(); }));
}

void write_publishing(MetricsText& text, Shards shards) {
  text.counter("leat_publish_errors_total",
               "Batches, and records of requests, that were refused or failed, by the error's code.");
  for (std::size_t code = 0; code < ShardMetrics::kCodes; ++code) {
    const std::uint64_t errors = sum_of(shards, [=](ShardMetrics& metrics) { return metrics.publish_errors[code].value(); });
    if (errors > 0) text.sample({{"code", name_of(static_cast<Errc>(code))}}, errors);
  }
  text.counter("leat_publish_duplicate_batches_total",
               "Batches that their producer had sent before; they are acknowledged and not stored again.");
  text.sample({}, sum_of(shards, [](ShardMetrics& metrics) { return metrics.duplicate_batches.value(); }));
  text.histogram("leat_ack_latency_seconds",
                 "From reading a batch off its connection to acknowledging it, by the level that was asked for. Depends on the "
                 "disk and on what else is written; the way to the publisher and back is not in it.");
  for (std::size_t i = 0; i < kAckNames.size(); ++i) {
    text.sample({{"ack", kAckNames[i]}}, sum_of(shards, [i](ShardMetrics& metrics) { return metrics.ack_latency[i].counts(); }),
                kNsPerSecond);
  }
  text.histogram("leat_end_to_end_latency_seconds",
                 "From the newest timestamp of a batch to handing it to the connection of a subscriber that had everything "
                 "before it, one observation a delivery. Depends on the publishers' clocks, on whether their timestamps are the "
                 "time of publishing, and on how long they gather records; below a millisecond it says nothing.");
  for (std::size_t i = 0; i < kTransports; ++i) {
    const HistogramCounts counts = sum_of(shards, [i](ShardMetrics& metrics) { return metrics.end_to_end_latency[i].counts(); });
    if (counts.count() > 0) text.sample({{"transport", kTransportNames[i]}}, counts, kMsPerSecond);
  }
}

using Direction = std::array<Traffic::Count, kTransports> TopicNumbers::*;

void write_traffic(MetricsText& text, const std::vector<TopicNumbers>& topics, Direction direction,
                   std::uint64_t Traffic::Count::*number) {
  for (const TopicNumbers& topic : topics) {
    for (std::size_t i = 0; i < kTransports; ++i) {
      const Traffic::Count& count = (topic.*direction)[i];
      // A transport that a topic never saw would only be lines.
      if (count.records == 0) continue;
      text.sample({{"topic", topic.entry->catalog.name}, {"transport", kTransportNames[i]}}, count.*number);
    }
  }
}

void write_traffic(MetricsText& text, const std::vector<TopicNumbers>& topics) {
  text.counter("leat_published_records_total", "Records that were stored, repetitions left out.");
  write_traffic(text, topics, &TopicNumbers::published, &Traffic::Count::records);
  text.counter("leat_published_bytes_total", "Bytes of the batches that hold them, as they are stored.");
  write_traffic(text, topics, &TopicNumbers::published, &Traffic::Count::bytes);
  text.counter("leat_delivered_records_total", "Records that were sent, to each reader anew.");
  write_traffic(text, topics, &TopicNumbers::delivered, &Traffic::Count::records);
  text.counter("leat_delivered_bytes_total", "Bytes of the batches that were sent; of the records' text where text is sent.");
  write_traffic(text, topics, &TopicNumbers::delivered, &Traffic::Count::bytes);
}

void write_topics(MetricsText& text, Broker& broker, const LagReport& lag, std::size_t topics_max) {
  std::vector<TopicNumbers> topics;
  std::size_t all = 0;
  std::uint64_t partitions = 0;
  for (const TopicEntryPtr& entry : broker.topics().behind("", std::numeric_limits<std::size_t>::max())) {
    partitions += entry->partitions.size();
    if (all++ < topics_max) topics.push_back(measure(entry));
  }
  text.gauge("leat_topics", "Topics.");
  text.sample({}, std::uint64_t{all});
  text.gauge("leat_metrics_topics_left_out", "Topics of which nothing is told by name, as they are too many.");
  text.sample({}, std::uint64_t{all - topics.size()});
  text.gauge("leat_partitions", "Partitions of all topics.");
  text.sample({}, partitions);
  const auto write = [&](auto number) {
    for (const TopicNumbers& topic : topics) text.sample({{"topic", topic.entry->catalog.name}}, number(topic));
  };
  text.gauge("leat_topic_partitions", "Partitions of a topic.");
  write([](const TopicNumbers& topic) { return std::uint64_t{topic.entry->partitions.size()}; });
  text.gauge("leat_topic_size_bytes", "Bytes of a topic's segments.");
  write([](const TopicNumbers& topic) { return topic.size_bytes; });
  text.gauge("leat_topic_records", "Records of a topic that can be read.");
  write([](const TopicNumbers& topic) { return topic.records; });
  write_traffic(text, topics);
  text.gauge("leat_subscriptions", "What is subscribed to at this moment, each partition of each subscriber.");
  text.sample({}, std::uint64_t{lag.subscriptions});
  text.gauge("leat_slowest_subscriber_lag_records",
             "What the subscriber that is furthest behind in one partition of a topic was not sent yet.");
  for (const TopicNumbers& topic : topics) {
    const auto found = lag.records_of_slowest.find(topic.entry->catalog.id);
    if (found != lag.records_of_slowest.end()) text.sample({{"topic", topic.entry->catalog.name}}, found->second);
  }
}

}  // namespace

std::string write_metrics(const MetricsSources& sources, const LagReport& lag, std::size_t topics_max) {
  MetricsText text;
  write_process(text, sources);
  write_storage(text, sources.broker);
  write_journal(text, sources.broker);
  write_memory(text, sources);
  write_connections(text, sources.broker.shards());
  write_publishing(text, sources.broker.shards());
  write_topics(text, sources.broker, lag, topics_max);
  return text.take();
}

}  // namespace leat::server
