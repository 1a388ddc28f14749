#include "leat/client.hpp"

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "leat/admin.hpp"
#include "tests/client/fake/broker_test.hpp"
#include "tests/client/fake/stranger.hpp"

namespace leat::testing {
namespace {

using ClientTest = BrokerTest;
using namespace std::chrono_literals;

TEST_F(ClientTest, ConnectTellsWhomItConnectedTo) {
  Client client(options());
  const auto server = client.connect();
  ASSERT_TRUE(server.has_value()) << server.error().message();
  EXPECT_EQ(server->name, "fake");
  EXPECT_TRUE(client.is_connected());
}

TEST_F(ClientTest, ConnectReportsABrokerThatIsNotThere) {
  broker.accept_connections(false);
  Client client(options());
  EXPECT_EQ(client.connect().error().code, Errc::connection_failed);
  broker.accept_connections(true);
  while (client.connect().has_error()) {
  }
  EXPECT_TRUE(client.is_connected()) << "it goes on trying";
}

TEST_F(ClientTest, ARefusedConnectionNamesTheAddress) {
  auto there = options();
  there.url = "leat://127.0.0.1:1";
  Client client(there);
  EXPECT_THAT(client.connect().error().message(), ::testing::HasSubstr("127.0.0.1:1"));
}

TEST_F(ClientTest, WhoeverDoesNotSpeakTheProtocolIsNoBroker) {
  const std::pair<std::string, std::string> strangers[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"},
                                                           {"<!DOCTYPE HTML>", "HTTP"},
                                                           {"SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
                                                           {std::string("\x15\x03\x01\x00\x02\x02\x46", 7), "TLS"},
                                                           {"220 mail ESMTP\r\n", "SMTP or FTP"},
                                                           {"-ERR unknown command\r\n", "Redis"},
                                                           {std::string("\x08\0\0\0\x04\0\0\0\0\0\0\0", 12), "something else"}};
  for (const auto& [greeting, name] : strangers) {
    const Stranger stranger(greeting);
    auto there = options();
    there.url = "leat://" + stranger.address();
    Client client(there);
    const auto connected = client.connect();
    ASSERT_TRUE(connected.has_error());
    EXPECT_EQ(connected.error().code, Errc::connection_failed) << name;
    EXPECT_EQ(connected.error().context, "no leat broker at " + stranger.address() + " (answered like " + name + ")");
  }
}

TEST_F(ClientTest, AnUnusableUrlFailsEverything) {
  Client client(ClientOptions{.url = "http://broker"});
  EXPECT_EQ(client.connect().error().code, Errc::invalid_argument);
  EXPECT_EQ(Admin(client).list_topics().error().code, Errc::invalid_argument);
  const auto delivery = Producer(client).publish("t", OutgoingRecord::text("v"));
  EXPECT_EQ(delivery.error().code, Errc::invalid_argument);
  EXPECT_THAT(delivery.error().context, ::testing::HasSubstr("leat://")) << "it says what is wrong, and not only where";
}

TEST_F(ClientTest, AHelloThatIsNeverAnsweredTimesOut) {
  broker.on_request([](const native::Message&) { return RequestAction::ignore; });
  auto impatient = options();
  impatient.connect_timeout = kSoon;
  Client client(impatient);
  EXPECT_EQ(client.connect().error().code, Errc::connection_failed);
}

TEST_F(ClientTest, ReconnectsByItself) {
  Client client(options());
  ASSERT_TRUE(client.connect());
  broker.drop_connections();
  broker.wait_for_connections(2);
}

TEST_F(ClientTest, ASilentPeerIsFoundDead) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::Ping>(message) ? RequestAction::ignore : RequestAction::answer;
  });
  auto watchful = options();
  watchful.ping_interval = kSoon;
  Client client(watchful);
  broker.wait_for_connections(2);
}

TEST_F(ClientTest, APeerThatAnswersPingsIsKept) {
  int pings = 0;
  broker.on_request([&](const native::Message& message) {
    if (std::holds_alternative<native::Ping>(message)) ++pings;
    return RequestAction::answer;
  });
  auto watchful = options();
  watchful.ping_interval = 4 * kSoon;  // also the time for the answer, on a machine that is busy with other things
  Client client(watchful);
  broker.wait_until([&] { return pings >= 3; });
  EXPECT_EQ(broker.connections(), 1);
}

TEST_F(ClientTest, CloseCompletesWhatIsPending) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::ListTopics>(message) ? RequestAction::ignore : RequestAction::answer;
  });
  Client client(options());
  Admin admin(client);
  auto pending = admin.async_list_topics(asio::use_future);
  client.close();
  EXPECT_EQ(pending.get().error().code, Errc::closed);
  EXPECT_EQ(admin.list_topics().error().code, Errc::closed);
  EXPECT_EQ(client.connect().error().code, Errc::closed);
}

TEST_F(ClientTest, DestructionCompletesWhatIsPending) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::ListTopics>(message) ? RequestAction::ignore : RequestAction::answer;
  });
  auto client = std::make_unique<Client>(options());
  auto pending = Admin(*client).async_list_topics(asio::use_future);
  client.reset();
  EXPECT_EQ(pending.get().error().code, Errc::closed);
}

/// Each kind of operation, with a handler that notes what it is told.
class Operations {
  auto note() {
    return [this](const auto& result) {
      if (result.has_error() && result.error().code == Errc::closed) {
        ++closed;
      } else {
        others.push_back(result.has_error() ? result.error().message() : "done");
      }
    };
  }

 public:
  explicit Operations(Client& client) : admin_(client), producer_(client), consumer_(client) {}

  void begin() {
    admin_.async_list_topics(note());
    producer_.async_publish("t", OutgoingRecord::text("v"), note());
    producer_.async_flush(note());
    consumer_.async_next(note());
    consumer_.async_subscribe("t", StartPosition::earliest(), {}, note());
  }
  void begin_sending() { producer_.async_send("t", OutgoingRecord::text("v"), {}, note()); }
  /// How often they were told `closed`, and what else they were told.
  std::size_t closed = 0;
  std::vector<std::string> others;

 private:
  Admin admin_;
  Producer producer_;
  Consumer consumer_;
};

TEST_F(ClientTest, WhatGoesOnWhenTheClientGoesCompletesOnce) {
  broker.add_topic("t", 1);
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::Hello>(message) ? RequestAction::answer : RequestAction::ignore;
  });
  auto client = std::make_unique<Client>(options());
  ASSERT_TRUE(client->connect());
  Operations operations(*client);
  operations.begin();
  client.reset();
  EXPECT_EQ(operations.closed, 4U);
  EXPECT_THAT(operations.others, ::testing::ElementsAre("done")) << "flush: nothing is left to be waited for";
}

TEST_F(ClientTest, WhatIsBegunAfterTheClientIsGoneCompletesAsClosed) {
  auto client = std::make_unique<Client>(options());
  Operations operations(*client);
  client.reset();
  operations.begin();
  operations.begin_sending();
  EXPECT_EQ(operations.closed, 6U);
  EXPECT_THAT(operations.others, ::testing::IsEmpty());
}

TEST_F(ClientTest, ACoroutineThatBeginsSomethingAfterTheClientIsGoneGoesOn) {
  auto client = std::make_unique<Client>(options());
  Admin admin(*client);
  client.reset();
  asio::io_context context;
  std::optional<Errc> code;
  asio::co_spawn(
      context, [&]() -> asio::awaitable<void> { code = (co_await admin.async_list_topics(asio::use_awaitable)).error().code; },
      asio::detached);
  context.run();
  EXPECT_EQ(code, Errc::closed);
}

TEST_F(ClientTest, WithoutAPingIntervalNobodyIsAsked) {
  std::atomic<int> pings{0};
  broker.on_request([&](const native::Message& message) {
    if (std::holds_alternative<native::Ping>(message)) ++pings;
    return RequestAction::answer;
  });
  auto unwatched = options();
  unwatched.ping_interval = 0ms;
  Client client(unwatched);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(Admin(client).list_topics());
  EXPECT_EQ(pings, 0);
  EXPECT_EQ(broker.connections(), 1);
}

TEST_F(ClientTest, TheLargestTimesAreNoTimeouts) {
  auto patient = options();
  patient.connect_timeout = patient.request_timeout = patient.ping_interval = std::chrono::milliseconds::max();
  patient.reconnect_backoff_max = std::chrono::milliseconds::max();
  Client client(patient);
  EXPECT_TRUE(Admin(client).list_topics());
  EXPECT_EQ(broker.connections(), 1);
}

TEST_F(ClientTest, WorksOnTheCallersExecutor) {
  asio::io_context context;
  Client client(context.get_executor(), options());
  const auto caller = std::this_thread::get_id();
  bool done = false;
  client.async_connect([&](const Result<ServerInfo>& server) {
    EXPECT_TRUE(server.has_value());
    EXPECT_EQ(std::this_thread::get_id(), caller);
    done = true;
    client.close();
  });
  context.run();
  EXPECT_TRUE(done);
}

TEST_F(ClientTest, WorksOnACallersExecutorOfManyThreads) {
  broker.add_topic("t", 3);
  asio::thread_pool pool(3);
  Client client(pool.get_executor(), options());
  Producer producer(client);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("v")));
  EXPECT_EQ(broker.values("t", 0).size() + broker.values("t", 1).size() + broker.values("t", 2).size(), 100U);
  client.close();
  pool.join();
}

TEST_F(ClientTest, CoroutinesResumeOnTheirOwnExecutor) {
  Client client(options());
  asio::io_context context;
  bool done = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const auto caller = std::this_thread::get_id();
        const auto server = co_await client.async_connect(asio::use_awaitable);
        EXPECT_TRUE(server.has_value());
        EXPECT_EQ(std::this_thread::get_id(), caller);
        auto deferred = Admin(client).async_list_topics(asio::deferred);
        EXPECT_TRUE((co_await std::move(deferred)(asio::use_awaitable)).has_value());
        done = true;
      },
      asio::detached);
  context.run();  // it has work although the client's thread has the answers
  EXPECT_TRUE(done);
}

TEST_F(ClientTest, ARequestCanBeCancelled) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::ListTopics>(message) ? RequestAction::ignore : RequestAction::answer;
  });
  Client client(options());
  asio::io_context context;
  asio::cancellation_signal signal;
  std::optional<Result<std::vector<TopicInfo>>> result;
  Admin(client).async_list_topics(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(context, [&](Result<std::vector<TopicInfo>> topics) { result = std::move(topics); })));
  signal.emit(asio::cancellation_type::terminal);
  context.run();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code, Errc::cancelled);
}

using ClientDeathTest = ClientTest;

TEST_F(ClientDeathTest, ABlockingCallOnTheClientsOwnThreadIsRefused) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        FakeBroker there;
        Client client(ClientOptions{.url = there.url()});
        client.async_connect([&](const Result<ServerInfo>&) { (void)Admin(client).list_topics(); });
        std::promise<void>().get_future().wait();
      },
      "blocking call on the client's own thread");
}

}  // namespace
}  // namespace leat::testing
