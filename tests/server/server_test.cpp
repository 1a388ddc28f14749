#include "server/server.hpp"

#include <atomic>
#include <thread>

#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::TopicPartition;

class ServerLife : public ServerTest {};

TEST_F(ServerLife, AnswersOnAnEmptyDirectory) {
  start();
  EXPECT_TRUE(server->broker().store().recovery_report().created);
  expect_serves_a_good_client();
}

TEST_F(ServerLife, StopsWithNobodyThere) {
  start();
  EXPECT_TRUE(server->stop().has_value());
  EXPECT_TRUE(server->stop().has_value()) << "a second time there is nothing to do";
}

TEST_F(ServerLife, ARestartKeepsEverything) {
  start();
  const TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(publisher.publish(target, batch_of({std::to_string(i)})).has_value());
  const Uuid broker = server->broker().store().broker_id();
  restart();
  EXPECT_EQ(server->broker().store().broker_id(), broker);
  const auto values = values_of(client().ask(native::Read{target, Offset(0), 1 << 20}).payload);
  ASSERT_EQ(values.size(), 100U);
  EXPECT_EQ(values.back(), "99");
  EXPECT_EQ(client().publish(target, batch_of({"next"})).value().base_offset, Offset(100));
}

TEST_F(ServerLife, StoppingClosesConnectionsThatDoNothing) {
  start();
  RawClient idle = client();
  RawClient silent = raw();
  ASSERT_TRUE(server->stop().has_value());
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(silent.is_closed());
}

TEST_F(ServerLife, StoppingAnswersWhatWasPublishedBefore) {
  start();
  const native::TopicInfo topic = create("orders", 6);
  RawClient publisher = client();
  for (int i = 0; i < 3000; ++i) publisher.start_publish({topic.id, PartitionId(i % 6)}, batch_of({std::to_string(i)}));
  std::thread stopping([this] { EXPECT_TRUE(server->stop().has_value()); });
  std::size_t acknowledged = 0;
  while (const auto frame = publisher.receive()) {
    if (const auto* acks = std::get_if<native::PublishAcks>(&frame->message)) {
      acknowledged += acks->acks.size();
    } else {
      EXPECT_EQ(frame->error_code(), Errc::shutting_down);
      EXPECT_TRUE(std::get<native::ErrorReply>(frame->message).retriable);
    }
  }
  stopping.join();
  server.reset();
  start();
  EXPECT_FALSE(server->broker().store().recovery_report().after_crash);
  std::int64_t stored = 0;
  for (const auto& partition : server->broker().topics().by_name("orders")->partitions)
    stored += partition->high_watermark().value();
  EXPECT_EQ(stored, static_cast<std::int64_t>(acknowledged)) << "nothing stored was left without its answer";
}

TEST_F(ServerLife, RequestsWithoutPauseDoNotHoldUpTheStop) {
  start();
  const TopicPartition target = create_partition("orders");
  ASSERT_TRUE(client().publish(target, batch_of({"x"})).has_value());
  // Two reads are under way at any time, so that there never is a moment without.
  RawClient busy = client();
  busy.send(native::Read{target, Offset(0), 100}, 1);
  busy.send(native::Read{target, Offset(0), 100}, 2);
  std::atomic<int> answers{0};
  Errc last{};
  std::thread reading([&] {
    while (const auto frame = busy.receive()) {
      last = frame->error_code();
      if (last != Errc{}) continue;
      ++answers;
      answers.notify_one();
      busy.send(native::Read{target, Offset(0), 100}, frame->correlation);
    }
  });
  answers.wait(0);
  ASSERT_TRUE(server->stop().has_value());
  reading.join();
  SUCCEED() << "the read that found the broker stopping, if any: " << name_of(last);
}

TEST_F(ServerLife, StoppingWhileClientsComeIsClean) {
  for (int round = 0; round < 5; ++round) {
    start();
    const std::uint16_t port = server->native_port();
    std::atomic<bool> done{false};
    std::atomic<int> connected{0};
    std::vector<std::jthread> comers;
    for (int i = 0; i < 4; ++i) {
      comers.emplace_back([&] {
        while (!done) {
          try {
            RawClient client(port);
            client.send(native::Hello{}, 1);
            if (!client.receive()) continue;
            ++connected;
            connected.notify_all();
          } catch (const std::system_error&) {
            continue;  // refused: nobody listens any more
          }
        }
      });
    }
    for (int n = connected; n < 20; n = connected) connected.wait(n);
    EXPECT_TRUE(server->stop().has_value());
    server.reset();
    done = true;
  }
}

TEST_F(ServerLife, APortInUseIsAClearErrorAndLeavesTheDirectoryClean) {
  start();
  ServerConfig second = config;
  second.data_dir += "-2";
  second.listen.native = "127.0.0.1:0";
  ASSERT_TRUE(Server::start(second).value()->stop().has_value());
  second.listen.native = "127.0.0.1:" + std::to_string(server->native_port());
  const auto refused = Server::start(second);
  ASSERT_TRUE(refused.has_error());
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr(second.listen.native));
  second.listen.native = "127.0.0.1:0";
  const auto later = Server::start(second).value();
  EXPECT_FALSE(later->broker().store().recovery_report().after_crash);
}

TEST_F(ServerLife, ASecondOneOnTheDirectoryIsRefused) {
  start();
  ServerConfig second = config;
  EXPECT_EQ(Server::start(second).error().code, Errc::data_dir_in_use);
  expect_serves_a_good_client();
}

TEST_F(ServerLife, AnImpossibleConfigurationIsRefused) {
  config.listen.native = "0.0.0.0:0";
  EXPECT_EQ(Server::start(config).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace leat::server
