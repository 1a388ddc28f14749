#include "client/src/endpoint.hpp"

#include <gtest/gtest.h>

namespace leat::client {
namespace {

std::string parsed(std::string_view url) {
  const auto endpoint = parse_endpoint(url);
  return endpoint.has_value() ? endpoint->to_string() : std::string(name_of(endpoint.error().code));
}

TEST(Endpoint, HasADefaultPort) {
  EXPECT_EQ(parsed("leat://broker"), "broker:7420");
  EXPECT_EQ(parsed("leat://broker/"), "broker:7420");
}

TEST(Endpoint, TakesNamesAndAddressesOfBothKinds) {
  EXPECT_EQ(parsed("leat://broker.example:1"), "broker.example:1");
  EXPECT_EQ(parsed("leat://127.0.0.1:65535"), "127.0.0.1:65535");
  EXPECT_EQ(parsed("leat://[::1]:80"), "[::1]:80");
  EXPECT_EQ(parsed("leat://[::1]"), "[::1]:7420");
}

TEST(Endpoint, OfAWebSocketHasAPathAndAPortOfItsOwn) {
  const auto plain = parse_endpoint("ws://broker").value();
  EXPECT_EQ(plain.scheme, Scheme::ws);
  EXPECT_EQ(plain.to_string() + plain.path, "broker:7421/v1/ws");
  EXPECT_EQ(parse_endpoint("ws://broker/")->path, "/v1/ws");
  const auto behind_a_proxy = parse_endpoint("ws://[::1]:80/leat/v1/ws?a=b").value();
  EXPECT_EQ(behind_a_proxy.to_string() + behind_a_proxy.path, "[::1]:80/leat/v1/ws?a=b");
  EXPECT_EQ(parse_endpoint("leat://broker")->scheme, Scheme::leat);
}

TEST(Endpoint, SaysThatThereIsNoTlsYet) {
  const auto secure = parse_endpoint("wss://broker:443/v1/ws");
  ASSERT_TRUE(secure.has_error());
  EXPECT_EQ(secure.error().code, Errc::invalid_argument);
  EXPECT_NE(secure.error().context.find("TLS, which is not built in yet"), std::string::npos) << secure.error().context;
}

TEST(Endpoint, RefusesAnythingElse) {
  for (const auto* url : {"",
                          "broker",
                          "http://broker",
                          "leat://",
                          "leat://:80",
                          "leat://broker:",
                          "leat://broker:0",
                          "leat://broker:65536",
                          "leat://broker:8x",
                          "leat://[::1",
                          "leat://[::1]80",
                          "leat://user@broker",
                          "leat://broker/topic",
                          "leat://[]:80",
                          "ws://",
                          "ws:///v1/ws",
                          "ws://broker:0/v1/ws",
                          "ws://broker/a b",
                          "ws://broker/#top",
                          "ws://user@broker/",
                          "WS//broker"}) {
    EXPECT_EQ(parsed(url), "invalid_argument") << url;
  }
}

}  // namespace
}  // namespace leat::client
