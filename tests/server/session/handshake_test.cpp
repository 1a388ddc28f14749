#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::Hello;

class Handshake : public ServerTest {
 protected:
  /// The error a first frame gets; the connection is closed behind it.
  Errc refusal_of(const native::Message& first) {
    RawClient client = raw();
    client.send(first, 7);
    const auto frame = client.receive();
    if (!frame) return {};
    EXPECT_EQ(frame->correlation, 7U);
    EXPECT_TRUE(client.is_closed());
    return frame->error_code();
  }
};

TEST_F(Handshake, TheReplyNamesVersionBrokerAndLimits) {
  config.limits.frame_bytes_max = 2 * kMiB;
  config.limits.session_in_flight_bytes_max = 3 * kMiB;
  start();
  const native::HelloReply reply = raw().hello();
  EXPECT_EQ(reply.version, 1);
  EXPECT_EQ(reply.server_name, "leatd");
  EXPECT_FALSE(reply.server_version.empty());
  EXPECT_EQ(reply.broker_id, server->broker().store().broker_id());
  EXPECT_EQ(reply.frame_bytes_max, 2 * kMiB);
  EXPECT_EQ(reply.in_flight_bytes_max, 3 * kMiB);
}

TEST_F(Handshake, TakesTheVersionThatBothHave) {
  start();
  const auto reply = raw().ask_for<native::HelloReply>(Hello{0, 9, "", ""});
  EXPECT_EQ(reply.value().version, 1);
}

TEST_F(Handshake, VersionsInCommonWithNoneAreRefused) {
  start();
  EXPECT_EQ(refusal_of(Hello{2, 9, "", ""}), Errc::unsupported_version);
  EXPECT_EQ(refusal_of(Hello{0, 0, "", ""}), Errc::unsupported_version);
  EXPECT_EQ(refusal_of(Hello{2, 1, "", ""}), Errc::unsupported_version) << "an empty range";
}

TEST_F(Handshake, TheRefusalNamesTheBrokersVersions) {
  start();
  const auto reply = raw().ask_for<native::HelloReply>(Hello{2, 9, "", ""});
  EXPECT_THAT(reply.error().context, ::testing::HasSubstr("version 1"));
}

TEST_F(Handshake, EverythingElseAsTheFirstFrameIsRefused) {
  start();
  EXPECT_EQ(refusal_of(native::Ping{}), Errc::handshake_required);
  EXPECT_EQ(refusal_of(native::ListTopics{}), Errc::handshake_required);
  EXPECT_EQ(refusal_of(native::Publish{{TopicId{}, PartitionId(0)}, native::AckLevel::none}), Errc::handshake_required);
  EXPECT_EQ(refusal_of(native::Publish{{TopicId{}, PartitionId(-1)}, native::AckLevel::none}), Errc::handshake_required);
  EXPECT_EQ(refusal_of(native::HelloReply{}), Errc::handshake_required);
  expect_serves_a_good_client();
}

TEST_F(Handshake, ASecondHelloIsAnErrorAndNoMore) {
  start();
  RawClient twice = client();
  EXPECT_EQ(twice.ask(Hello{}).error_code(), Errc::invalid_argument);
  EXPECT_TRUE(twice.ask_for<native::Pong>(native::Ping{}).has_value());
}

TEST_F(Handshake, APayloadBehindTheHelloIsIgnored) {
  start();
  RawClient client = raw();
  EXPECT_TRUE(std::holds_alternative<native::HelloReply>(client.ask(Hello{}, as_bytes("of a later version")).message));
}

TEST_F(Handshake, SilenceIsClosedWithoutAnAnswer) {
  config.limits.handshake_timeout_ms = 100;
  start();
  RawClient silent = raw();
  EXPECT_TRUE(silent.is_closed());
  RawClient half = raw();
  half.send_bytes(as_bytes("\x5c\0\0\0"));
  EXPECT_TRUE(half.is_closed());
}

TEST_F(Handshake, TheDeadlineIsOverWithTheHello) {
  config.limits.handshake_timeout_ms = 100;
  start();
  RawClient early = client();
  RawClient silent = raw();
  ASSERT_TRUE(silent.is_closed()) << "by now the deadline of the first one has passed, too";
  EXPECT_TRUE(early.ask_for<native::Pong>(native::Ping{}).has_value());
}

TEST_F(Handshake, RequestsMayFollowTheHelloWithoutWaiting) {
  start();
  RawClient eager = raw();
  eager.send(Hello{}, 1);
  eager.send(native::Ping{}, 2);
  EXPECT_TRUE(std::holds_alternative<native::HelloReply>(eager.receive()->message));
  EXPECT_TRUE(std::holds_alternative<native::Pong>(eager.receive()->message));
}

TEST_F(Handshake, LargeFramesAreTakenOnlyAfterIt) {
  start();
  RawClient large = raw();
  large.send_bytes(as_bytes(std::string_view("\x01\x00\x01\x00\x08\x00\x00\x00", 8)));  // 65537 bytes
  EXPECT_EQ(large.receive()->error_code(), Errc::frame_too_large);
  EXPECT_TRUE(large.is_closed());
}

TEST_F(Handshake, ConnectionsOverTheLimitAreToldSo) {
  config.limits.connections_max = 3;
  start();
  RawClient first = client();
  RawClient second = client();
  RawClient third = client();
  RawClient fourth = raw();
  const auto refused = fourth.receive();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->correlation, 0U);
  EXPECT_EQ(refused->error_code(), Errc::limit_reached);
  EXPECT_EQ(std::get<native::ErrorReply>(refused->message).message, "too many connections") << "the code says the rest";
  EXPECT_TRUE(fourth.is_closed());
  EXPECT_TRUE(third.ask_for<native::Pong>(native::Ping{}).has_value());
}

TEST_F(Handshake, APlaceIsFreeAgainWhenAConnectionEnds) {
  config.limits.connections_per_address_max = 1;
  start();
  {
    RawClient only = client();
    EXPECT_EQ(raw().receive()->error_code(), Errc::limit_reached);
  }
  // The broker learns of it by itself, some time.
  while (true) {
    RawClient next = raw();
    next.send(Hello{}, 1);
    const auto answer = next.receive();
    if (answer && std::holds_alternative<native::HelloReply>(answer->message)) break;
  }
}

}  // namespace
}  // namespace leat::server
