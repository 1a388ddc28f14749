#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "server/support/batches.hpp"
#include "server/support/raw_client.hpp"
#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"

namespace leat::system_test {
namespace {

namespace fs = std::filesystem;
using native::TopicPartition;
using server::RawClient;
using ::testing::HasSubstr;

class Descriptors : public ::testing::Test {
 protected:
  Descriptors() {
    options_.data = directory_.path() / "data";
    options_.environment = small_storage();
  }
  static RawClient connect(const Daemon& daemon) {
    RawClient client(daemon.port());
    client.hello();
    return client;
  }
  static TopicPartition create(RawClient& client, const std::string& name) {
    const native::CreateTopic request{name, 1, {{"segment.bytes", "65536"}, {"max.message.bytes", "60000"}}};
    const auto created = client.ask_for<native::TopicReply>(request);
    EXPECT_TRUE(created.has_value()) << created.error().message();
    return {created.value().topic.id, PartitionId(0)};
  }
  static void expect_publishes(RawClient& client, const TopicPartition& target, int batches) {
    for (int i = 0; i < batches; ++i) {
      const auto ack = client.publish(target, server::large_batch(30'000));
      ASSERT_TRUE(ack.has_value()) << ack.error().message();
    }
  }

  simulation::TemporaryDirectory directory_;
  DaemonOptions options_;
};

TEST_F(Descriptors, ConnectionsCannotTakeThoseThatTheLogNeeds) {
  options_.wrapper = {"sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""};
  Daemon daemon(options_);
  RawClient first = connect(daemon);
  std::vector<RawClient> many;
  for (int i = 0; i < 100; ++i) many.emplace_back(daemon.port());
  std::size_t refused = 0;
  for (RawClient& client : many) {
    client.send(native::Hello{}, 1);
    const auto answer = client.receive();
    if (answer && answer->error_code() == Errc::limit_reached) ++refused;
  }
  EXPECT_GT(refused, 0U);
  EXPECT_LT(refused, many.size());
  // New files for a topic and for segments, while all places for connections are taken.
  const TopicPartition orders = create(first, "orders");
  expect_publishes(first, orders, 20);
  many.clear();
  std::vector<RawClient> later;
  for (int i = 0; i < 10; ++i) later.push_back(connect(daemon));
  expect_publishes(later.back(), orders, 5);
  EXPECT_EQ(daemon.stop(), 0) << daemon.process().output();
}

TEST_F(Descriptors, TooFewToWorkWithAreRefusedAtTheStart) {
  const auto start = [this](int descriptors) {
    return run({"sh", "-c", "ulimit -n " + std::to_string(descriptors) + "; exec \"$0\" \"$@\"", LEATD_PROGRAM, "--data",
                options_.data.string(), "--listen", "127.0.0.1:0"},
               options_.environment);
  };
  const Finished refused = start(31);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("may open 31 files, it needs 32"));
  EXPECT_FALSE(fs::exists(options_.data));

  options_.wrapper = {"sh", "-c", "ulimit -n 32; exec \"$0\" \"$@\""};
  Daemon daemon(options_);
  RawClient client = connect(daemon);
  expect_publishes(client, create(client, "orders"), 20);
  EXPECT_EQ(daemon.stop(), 0) << daemon.process().output();
}

TEST_F(Descriptors, WithoutAnyLeftOldClientsGoOnAndNewOnesWait) {
  Daemon daemon(options_);
  RawClient old = connect(daemon);
  const TopicPartition orders = create(old, "orders");
  expect_publishes(old, orders, 1);
  const auto open = static_cast<rlim_t>(
      std::distance(fs::directory_iterator("/proc/" + std::to_string(daemon.process().pid()) + "/fd"), fs::directory_iterator()));
  rlimit before{};
  rlimit none{};
  ASSERT_EQ(::prlimit(daemon.process().pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  none = before;
  none.rlim_cur = open;
  ASSERT_EQ(::prlimit(daemon.process().pid(), RLIMIT_NOFILE, &none, nullptr), 0);
  RawClient waiting(daemon.port());
  waiting.send(native::Hello{}, 1);
  daemon.process().wait_for_line("accept failed");
  expect_publishes(old, orders, 1);
  ASSERT_EQ(::prlimit(daemon.process().pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  const auto answer = waiting.receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::holds_alternative<native::HelloReply>(answer->message));
}

}  // namespace
}  // namespace leat::system_test
