#include "bench/load/nats_messages.hpp"

#include <gtest/gtest.h>

#include <string>

namespace leat::load::nats {
namespace {

Operation parsed(std::string_view text) {
  auto operation = parse(as_bytes(text));
  EXPECT_TRUE(operation.has_value()) << text;
  return operation.has_value() ? *operation : Operation{};
}

TEST(NatsMessages, AMessageHasSubjectSubscriptionAndPayload) {
  const auto message = parsed("MSG orders.new 7 5\r\nhello\r\nPING\r\n");
  EXPECT_EQ(message.kind, Operation::Kind::message);
  EXPECT_EQ(message.subject, "orders.new");
  EXPECT_EQ(message.subscription, 7U);
  EXPECT_EQ(message.reply, "");
  EXPECT_EQ(as_text(message.payload), "hello");
  EXPECT_EQ(message.size_bytes, 27U);
}

TEST(NatsMessages, AMessageMayWantAReplyAndHaveHeaders) {
  const auto message = parsed("HMSG s 1 there 12 15\r\nNATS/1.0\r\n\r\nabc\r\n");
  EXPECT_EQ(message.reply, "there");
  EXPECT_EQ(as_text(message.headers), "NATS/1.0\r\n\r\n");
  EXPECT_EQ(as_text(message.payload), "abc");
  EXPECT_EQ(status_of(message.headers), "");
}

TEST(NatsMessages, AStatusIsInTheHeadersFirstLine) {
  const auto message = parsed("HMSG s 1 28 28\r\nNATS/1.0 404 No Messages\r\n\r\n\r\n");
  EXPECT_EQ(status_of(message.headers), "404 No Messages");
  EXPECT_TRUE(message.payload.empty());
}

TEST(NatsMessages, PayloadsMayHoldLineEnds) {
  const auto message = parsed("MSG s 1 6\r\na\r\nb\r\n\r\n");
  EXPECT_EQ(as_text(message.payload), "a\r\nb\r\n");
}

TEST(NatsMessages, PingsPongsAndTheRestAreTheirLine) {
  EXPECT_EQ(parsed("PING\r\n").kind, Operation::Kind::ping);
  EXPECT_EQ(parsed("PONG\r\n").kind, Operation::Kind::pong);
  const auto info = parsed("INFO {\"a\":1}\r\n");
  EXPECT_EQ(info.kind, Operation::Kind::other);
  EXPECT_EQ(info.size_bytes, 14U);
}

TEST(NatsMessages, WhatIsCutAnywhereIsIncomplete) {
  const std::string whole = "HMSG s 1 there 12 15\r\nNATS/1.0\r\n\r\nabc\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(parsed(whole.substr(0, length)).size_bytes, 0U) << length;
  }
  EXPECT_EQ(parsed(whole).size_bytes, whole.size());
}

TEST(NatsMessages, TheServersErrorsAndNonsenseAreErrors) {
  for (const char* text : {"-ERR 'Unknown Protocol Operation'\r\n", "MSG s 1\r\n", "MSG s one 3\r\nabc\r\n",
                           "MSG s 1 -3\r\nabc\r\n", "HMSG s 1 9 3\r\nabc\r\n", "MSG s 1 r x 3\r\nabc\r\n", "PING\n"}) {
    EXPECT_TRUE(parse(as_bytes(text)).has_error()) << text;
  }
}

}  // namespace
}  // namespace leat::load::nats
