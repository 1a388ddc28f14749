// Folds a topic into a map of this process: the last event of every order. That is the idea behind reading from local views: the
// log is the truth, and each service keeps the shape of it that it needs, and can build it again from the beginning at any time.
//
//   local_view [leat://HOST:PORT]
#include <cstdio>
#include <map>
#include <string>

#include "leat/admin.hpp"
#include "leat/client.hpp"
#include "leat/consumer.hpp"

int main(int argc, char** argv) {
  leat::Client client(leat::ClientOptions{.url = argc > 1 ? argv[1] : "leat://127.0.0.1:7420"});

  // Where the log ends now: once the view has read as far, it has seen everything that was written before.
  const auto topic = leat::Admin(client).describe_topic("orders");
  if (topic.has_error()) {
    std::fprintf(stderr, "%s\n", topic.error().message().c_str());
    return 1;
  }
  leat::Consumer consumer(client);
  if (const auto subscribed = consumer.subscribe("orders"); subscribed.has_error()) {
    std::fprintf(stderr, "%s\n", subscribed.error().message().c_str());
    return 1;
  }
  const auto is_complete = [&] {
    for (const leat::PartitionInfo& partition : topic->partitions) {
      if (consumer.position("orders", partition.partition) < partition.high_watermark) return false;
    }
    return true;
  };

  std::map<std::string, std::string> last_event;
  while (!is_complete()) {
    const auto batch = consumer.next();
    if (batch.has_error()) {
      std::fprintf(stderr, "%s\n", batch.error().message().c_str());
      return 1;
    }
    for (const leat::RecordView& record : *batch) {
      if (!record.key) continue;
      const std::string key(leat::as_text(*record.key));
      if (record.value) {
        last_event[key] = leat::as_text(*record.value);
      } else {
        last_event.erase(key);  // a tombstone
      }
    }
  }
  for (const auto& [order, event] : last_event) std::printf("%s %s\n", order.c_str(), event.c_str());
  return 0;
}
