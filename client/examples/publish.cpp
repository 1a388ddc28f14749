// Publishes a few events and waits until they are durable.
//
//   publish [leat://HOST:PORT]
#include <cstdio>
#include <string>

#include "leat/admin.hpp"
#include "leat/client.hpp"
#include "leat/producer.hpp"

int main(int argc, char** argv) {
  // The client has a thread of its own; it connects in the background, and again whenever the connection is lost.
  leat::Client client(leat::ClientOptions{.url = argc > 1 ? argv[1] : "leat://127.0.0.1:7420"});
  if (const auto server = client.connect(); server.has_error()) {
    std::fprintf(stderr, "%s\n", server.error().message().c_str());
    return 1;
  }
  const auto created = leat::Admin(client).create_topic({.name = "orders", .partitions = 3});
  if (created.has_error() && created.error().code != leat::Errc::topic_exists) {
    std::fprintf(stderr, "%s\n", created.error().message().c_str());
    return 1;
  }

  leat::Producer producer(client);
  int failed = 0;
  for (int i = 0; i < 10; ++i) {
    // Events of one key go to one partition, in order. send() copies what it is shown and returns as soon as there is room in the
    // buffer; how it went, the callback is told on the client's thread.
    const std::string key = "order-" + std::to_string(i % 3);
    const std::string event = "{\"step\":" + std::to_string(i) + "}";
    const auto accepted = producer.send("orders", leat::OutgoingRecord::text(key, event),
                                        [&failed, key](const leat::Result<leat::Delivery>& delivery) {
                                          if (delivery.has_error()) {
                                            std::fprintf(stderr, "%s: %s\n", key.c_str(), delivery.error().message().c_str());
                                            ++failed;
                                            return;
                                          }
                                          std::printf("%s: partition %d, offset %lld\n", key.c_str(), delivery->partition.value(),
                                                      static_cast<long long>(delivery->offset.value()));
                                        });
    if (accepted.has_error()) return 1;
  }
  // Everything accepted before has been acknowledged, or has failed, when this returns.
  return producer.flush().has_value() && failed == 0 ? 0 : 1;
}
