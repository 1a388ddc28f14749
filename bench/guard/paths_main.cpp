#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bench/guard/peer.hpp"

/// Takes records along one path through the broker, for guard.py to count what that takes.
namespace leat::bench {
namespace {

constexpr std::int64_t kBatchesPerRound = 16;
constexpr std::size_t kTailBytes = 32U << 20;

/// A publisher and so many of its records, some batches at a time. `behind` is called after each round.
template <class Serve, class Behind>
Result<void> publish_all(InlineBroker& broker, const native::TopicPartition& target, std::int64_t records, Serve serve,
                         Behind behind) {
  LEAT_ASSIGN(Publisher publisher, Publisher::connect(broker, target));
  while (publisher.acknowledged_records() < records) {
    const std::int64_t left = (records - publisher.acknowledged_records()) / Publisher::kRecordsPerBatch;
    for (std::int64_t i = 0; i < std::min(left, kBatchesPerRound); ++i) LEAT_TRY(publisher.send_batch());
    LEAT_TRY(serve());
    LEAT_TRY(publisher.take_acks());
    LEAT_TRY(behind());
    LEAT_TRY(broker.maintain());
  }
  return ok();
}

Result<void> expect(std::int64_t received, std::int64_t records) {
  if (received == records) return ok();
  return Error(Errc::internal, std::to_string(received) + " of " + std::to_string(records) + " records were delivered");
}

/// From the publisher's socket to its acknowledgement.
Result<void> publish(InlineBroker& broker, const native::TopicPartition& target, std::int64_t records) {
  return publish_all(
      broker, target, records, [&] { return broker.serve_counted(); }, [] { return ok(); });
}

/// The same, and on to a subscriber at the tail.
Result<void> deliver(InlineBroker& broker, const native::TopicPartition& target, std::int64_t records) {
  LEAT_ASSIGN(Subscriber subscriber, Subscriber::connect(broker, target));
  LEAT_TRY(publish_all(
      broker, target, records, [&] { return broker.serve_counted(); }, [&] { return subscriber.take_deliveries(); }));
  return expect(subscriber.received_records(), records);
}

/// From the segments to a subscriber that begins at the first record.
Result<void> catch_up(InlineBroker& broker, const native::TopicPartition& target, std::int64_t records) {
  LEAT_TRY(publish_all(
      broker, target, records, [&] { return broker.serve(); }, [] { return ok(); }));
  LEAT_ASSIGN(Subscriber subscriber, Subscriber::connect(broker, target));
  for (std::int64_t before = -1; before < subscriber.received_records();) {
    before = subscriber.received_records();
    LEAT_TRY(broker.serve_counted());
    LEAT_TRY(subscriber.take_deliveries());
  }
  return expect(subscriber.received_records(), records);
}

struct PathThrough {
  std::string_view name;
  Result<void> (*run)(InlineBroker& broker, const native::TopicPartition& target, std::int64_t records);
  std::size_t tail_bytes;
};
constexpr std::array kPaths{PathThrough{"publish", publish, kTailBytes}, PathThrough{"deliver", deliver, kTailBytes},
                            PathThrough{"catch-up", catch_up, 0}};

Result<void> run(const PathThrough& path, std::int64_t records) {
  LEAT_ASSIGN(const auto broker, InlineBroker::start(path.tail_bytes));
  LEAT_ASSIGN(const native::TopicPartition target, broker->create_topic("guard"));
  return path.run(*broker, target, records);
}

#if defined(__clang__)
constexpr const char* kCompiler = __VERSION__;
#else
constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

int usage() {
  std::fprintf(stderr,
               "leat_bench_paths publish|deliver|catch-up RECORDS\nleat_bench_paths compiler\n\nRECORDS is a multiple of %d.\n",
               Publisher::kRecordsPerBatch);
  return 2;
}

}  // namespace
}  // namespace leat::bench

int main(int argc, char** argv) {
  using namespace leat::bench;
  if (argc == 2 && std::string_view(argv[1]) == "compiler") {
    std::puts(kCompiler);
    return EXIT_SUCCESS;
  }
  if (argc != 3) return usage();
  const auto path = std::ranges::find(kPaths, std::string_view(argv[1]), &PathThrough::name);
  const std::string_view number = argv[2];
  std::int64_t records = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), records);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == number.data() + number.size();
  if (path == kPaths.end() || !is_number || records <= 0 || records % Publisher::kRecordsPerBatch != 0) return usage();

  const auto ran = run(*path, records);
  if (ran.has_error()) {
    std::fprintf(stderr, "leat_bench_paths: %s\n", ran.error().message().c_str());
    return EXIT_FAILURE;
  }
  std::printf("%s: %lld records\n", argv[1], static_cast<long long>(records));
  return EXIT_SUCCESS;
}
