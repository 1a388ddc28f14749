#include "server/http/status_routes.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "protocol/text/json_text.hpp"
#include "server/broker/await.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

using Started = std::chrono::steady_clock::time_point;

/// What all topics hold together.
struct Totals {
  std::size_t topics = 0;
  std::size_t partitions = 0;
  std::size_t topics_durable = 0;  ///< the others acknowledge before the disk has it
  std::int64_t records_taken = 0;  ///< since ever: the sum of the high watermarks
  std::int64_t records_kept = 0;
  std::uint64_t size_bytes = 0;
};

Totals totals_of(const TopicRegistry& topics) {
  Totals totals;
  for (const TopicEntryPtr& entry : topics.behind("", topics.size())) {
    ++totals.topics;
    totals.partitions += entry->partitions.size();
    if (entry->config.durability == storage::Durability::durable) ++totals.topics_durable;
    for (const auto& partition : entry->partitions) {
      const storage::PartitionLog& log = partition->log();
      const Offset start = log.log_start();
      const std::int64_t end = std::max(log.high_watermark().value(), start.value());
      totals.records_taken += end;
      totals.records_kept += end - start.value();
      totals.size_bytes += log.size_bytes();
    }
  }
  return totals;
}

void append_member(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(",\"").append(name).append("\":").append(std::to_string(value));
}

std::string status_of(Broker& broker, Started started, std::size_t connections) {
  const Totals totals = totals_of(broker.topics());
  const storage::Path& data_dir = broker.options().store.data_dir;
  std::error_code failed;
  const std::filesystem::space_info space = std::filesystem::space(data_dir, failed);
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  std::string out = "{\"version\":";
  append_json_string_lossy(out, kVersion);
  out += ",\"broker_id\":\"" + broker.store().broker_id().to_string() + "\",\"data_dir\":";
  append_json_string_lossy(out, data_dir.string());
  out += broker.has_failed() ? ",\"state\":\"failed\"" : ",\"state\":\"ready\"";
  append_member(out, "uptime_ms", static_cast<std::uint64_t>(uptime.count()));
  append_member(out, "threads", broker.shards().size());
  append_member(out, "connections", connections);
  append_member(out, "topics", totals.topics);
  append_member(out, "topics_durable", totals.topics_durable);
  append_member(out, "partitions", totals.partitions);
  append_member(out, "records_taken", static_cast<std::uint64_t>(totals.records_taken));
  append_member(out, "records_kept", static_cast<std::uint64_t>(totals.records_kept));
  append_member(out, "size_bytes", totals.size_bytes);
  if (!failed) {
    append_member(out, "disk_free_bytes", space.available);
    append_member(out, "disk_total_bytes", space.capacity);
    append_member(out, "disk_reserve_bytes", broker.options().store.disk_reserve_bytes);
  }
  return out + "}\n";
}

}  // namespace

void add_status_routes(Routes& routes, Broker& broker, std::function<std::size_t()> connections) {
  const Started started = std::chrono::steady_clock::now();
  routes.add("GET", "/v1/status",
             [&broker, started, connections = std::move(connections)](const HttpRequest&,
                                                                      Shard&) -> boost::asio::awaitable<HttpResponse> {
               // Named, as GCC 12 destroys what a lambda within a co_await has captured twice.
               auto work = [&broker, started, count = connections()] { return status_of(broker, started, count); };
               HttpResponse response = text_response(200, "application/json", co_await run_blocking(broker, std::move(work)));
               response.fields.push_back({"cache-control", "no-store"});
               co_return response;
             });
}

}  // namespace leat::server
