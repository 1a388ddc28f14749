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

TEST(Endpoint, RefusesAnythingElse) {
  for (const auto* url :
       {"", "broker", "http://broker", "leat://", "leat://:80", "leat://broker:", "leat://broker:0", "leat://broker:65536",
        "leat://broker:8x", "leat://[::1", "leat://[::1]80", "leat://user@broker", "leat://broker/topic", "leat://[]:80"}) {
    EXPECT_EQ(parsed(url), "invalid_argument") << url;
  }
}

}  // namespace
}  // namespace leat::client
