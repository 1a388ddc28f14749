#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "server/support/batches.hpp"
#include "server/support/raw_client.hpp"
#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"

namespace leat::system_test {
namespace {

using native::TopicPartition;
using server::RawClient;

bool can_trace() {
  try {
    return run({"strace", "-f", "-e", "trace=none", "true"}).exit_code == 0;
  } catch (const std::system_error&) {
    return false;
  }
}

struct Call {
  const char* name;
  std::size_t value_bytes;  ///< so many that the call is made at all
};

/// A disk whose n-th operation of a kind, and every later one, fails: strace answers in its place.
class WriteError : public ::testing::TestWithParam<Call> {
 protected:
  void SetUp() override {
    if (!can_trace()) GTEST_SKIP() << "strace cannot trace here";
    options_.data = directory_.path() / "data";
    options_.environment = small_storage();
    options_.environment.push_back("LEAT_STORAGE_CHECKPOINT_INTERVAL_MS=100");
  }
  static RawClient connect(const Daemon& daemon) {
    RawClient client(daemon.port());
    client.hello();
    return client;
  }
  static void expect_stored(RawClient& client, const TopicPartition& target, const std::vector<std::string>& acknowledged) {
    std::vector<std::string> values;
    while (values.size() < acknowledged.size()) {
      const Offset next(static_cast<std::int64_t>(values.size()));
      const auto more = server::values_of(client.ask(native::Read{target, next, 1 << 20}).payload);
      ASSERT_FALSE(more.empty()) << "nothing at " << next.value() << " of " << acknowledged.size();
      values.insert(values.end(), more.begin(), more.end());
    }
    values.resize(acknowledged.size());
    ASSERT_EQ(values, acknowledged);
  }

  simulation::TemporaryDirectory directory_;
  DaemonOptions options_;
};

TEST_P(WriteError, EndsAcknowledgementsButNotReading) {
  auto daemon = std::make_unique<Daemon>(options_);
  RawClient client = connect(*daemon);
  const TopicPartition orders{client.ask_for<native::TopicReply>(native::CreateTopic{"orders", 1, {}}).value().topic.id,
                              PartitionId(0)};
  std::vector<std::string> acknowledged;
  const auto publish_next = [&]() -> Errc {
    std::string value = std::to_string(acknowledged.size());
    value.resize(std::max(value.size(), GetParam().value_bytes), '.');
    const auto ack = client.publish(orders, server::batch_of({value}));
    if (ack.has_error()) return ack.error().code;
    acknowledged.push_back(value);
    return {};
  };
  for (int i = 0; i < 20; ++i) ASSERT_EQ(publish_next(), Errc{});

  Process strace({"strace", "-f", "-q", "-o", "/dev/null", "-p", std::to_string(daemon->process().pid()), "-e",
                  std::string("trace=") + GetParam().name, "-e",
                  std::string("inject=") + GetParam().name + ":error=EIO:when=3+"});
  Errc refused{};
  while (refused == Errc{}) {
    refused = publish_next();
    ASSERT_LT(acknowledged.size(), 200'000U) << "no error reached the broker";
  }
  EXPECT_EQ(refused, Errc::storage_failed);
  daemon->process().wait_for_line("storage failed");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(publish_next(), Errc::storage_failed) << "once failed, for good";
  expect_stored(client, orders, acknowledged);
  EXPECT_EQ(client.ask(native::CreateTopic{"more", 1, {}}).error_code(), Errc::storage_failed);
  RawClient newcomer = connect(*daemon);
  expect_stored(newcomer, orders, acknowledged);

  daemon->kill();
  strace.wait_for_exit();
  daemon = std::make_unique<Daemon>(options_);
  RawClient later = connect(*daemon);
  expect_stored(later, orders, acknowledged);
  EXPECT_TRUE(later.publish(orders, server::batch_of({"after the repair"})).has_value());
}

INSTANTIATE_TEST_SUITE_P(Of, WriteError,
                         ::testing::Values(Call{"pwritev", 0}, Call{"fdatasync", 0}, Call{"sync_file_range", 16 << 10}),
                         [](const auto& param) { return param.param.name; });

TEST(FileSizeLimit, EndsAcknowledgementsButNotTheDaemon) {
  simulation::TemporaryDirectory directory;
  DaemonOptions options;
  options.data = directory.path() / "data";
  options.environment = small_storage();
  options.wrapper = {"bash", "-c", "ulimit -f 8192; exec \"$0\" \"$@\""};  // KiB
  Daemon daemon(options);
  RawClient client(daemon.port());
  client.hello();
  const TopicPartition orders{client.ask_for<native::TopicReply>(native::CreateTopic{"orders", 1, {}}).value().topic.id,
                              PartitionId(0)};
  auto ack = client.publish(orders, server::large_batch(500'000));
  for (int i = 0; i < 1000 && ack.has_value(); ++i) ack = client.publish(orders, server::large_batch(500'000));
  ASSERT_TRUE(ack.has_error());
  EXPECT_EQ(ack.error().code, Errc::storage_failed);
  EXPECT_FALSE(client.ask(native::Read{orders, Offset(0), 1000}).payload.empty());
}

}  // namespace
}  // namespace leat::system_test
