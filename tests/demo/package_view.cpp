// A local view of the machine's packages: reads a topic of dpkg's log lines from its start to its present end and prints the last
// state of every package, "package:architecture status version" a line. The number of events goes to standard error.
//
//   leat_package_view leat://HOST:PORT TOPIC
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "leat/admin.hpp"
#include "leat/client.hpp"
#include "leat/consumer.hpp"
#include "package_table.hpp"

namespace leat::demo {
namespace {

constexpr std::chrono::seconds kSilenceMax{30};

bool is_complete(const Consumer& consumer, const TopicInfo& topic) {
  for (const PartitionInfo& partition : topic.partitions) {
    if (consumer.position(topic.name, partition.partition) < partition.high_watermark) return false;
  }
  return true;
}

/// Returns how many events there were.
Result<std::uint64_t> fold(const std::string& url, const std::string& topic_name, PackageTable& table) {
  Client client(ClientOptions{.url = url, .client_name = "package view"});
  LEAT_TRY(client.connect());
  LEAT_ASSIGN(const TopicInfo topic, Admin(client).describe_topic(topic_name));
  Consumer consumer(client);
  LEAT_TRY(consumer.subscribe(topic.name, StartPosition::earliest()));
  std::uint64_t events = 0;
  while (!is_complete(consumer, topic)) {
    LEAT_ASSIGN(const RecordBatch batch, consumer.next_for(kSilenceMax));
    for (const RecordView& record : batch) {
      if (record.value) table.apply(as_text(*record.value));
      ++events;
    }
  }
  return events;
}

int run(const std::string& url, const std::string& topic) {
  PackageTable table;
  const auto events = fold(url, topic, table);
  if (events.has_error()) {
    std::fprintf(stderr, "leat_package_view: %s\n", events.error().message().c_str());
    return 1;
  }
  for (const auto& [package, state] : table.packages()) {
    std::printf("%s %s %s\n", package.c_str(), state.status.c_str(), state.version.c_str());
  }
  std::fprintf(stderr, "%llu\n", static_cast<unsigned long long>(*events));
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace leat::demo

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: leat_package_view leat://HOST:PORT TOPIC\n", stderr);
    return 2;
  }
  return leat::demo::run(argv[1], argv[2]);
}
