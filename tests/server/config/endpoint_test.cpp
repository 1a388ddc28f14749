#include "server/config/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::server {
namespace {

using testing::HasSubstr;

TEST(Endpoint, ReadsAddressesAndNamesWithAPort) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:7420").value(), (Endpoint{"127.0.0.1", 7420}));
  EXPECT_EQ(parse_endpoint("[::1]:7420").value(), (Endpoint{"::1", 7420}));
  EXPECT_EQ(parse_endpoint("[fe80::1%eth0]:1").value(), (Endpoint{"fe80::1%eth0", 1}));
  EXPECT_EQ(parse_endpoint("broker-1.example.org:0").value(), (Endpoint{"broker-1.example.org", 0}));
  EXPECT_EQ(parse_endpoint("0.0.0.0:65535").value(), (Endpoint{"0.0.0.0", 65535}));
}

TEST(Endpoint, WritesWhatItReads) {
  for (const char* text : {"127.0.0.1:7420", "[::1]:7420", "localhost:0"}) {
    EXPECT_EQ(parse_endpoint(text).value().to_string(), text);
  }
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const char* text :
       {"", ":", "7420", "localhost", "localhost:", ":7420", "localhost:65536", "localhost:-1", "localhost:74x", "::1:7420",
        "[::1]", "[127.0.0.1]:1", "[localhost]:1", "256.0.0.1:1", "1.2.3:1", "a b:1", "[]:1", "http://localhost:1", "*:7420"}) {
    EXPECT_TRUE(parse_endpoint(text).has_error()) << text;
  }
}

TEST(Endpoint, SaysWhatIsWrong) {
  EXPECT_THAT(parse_endpoint("localhost").error().context, HasSubstr("'localhost' is not HOST:PORT"));
  EXPECT_THAT(parse_endpoint(":7420").error().context, HasSubstr("0.0.0.0"));
}

TEST(Endpoint, LoopbackIsWhatOtherMachinesCannotReach) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1"}) {
    EXPECT_TRUE(parse_endpoint(text).value().is_loopback()) << text;
  }
  for (const char* text :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "[::ffff:10.0.0.1]:1", "[::2]:1", "localhost.example.org:1"}) {
    EXPECT_FALSE(parse_endpoint(text).value().is_loopback()) << text;
  }
}

TEST(Endpoint, ExposureNeedsToBeAskedFor) {
  const Endpoint open{"0.0.0.0", 7420};
  EXPECT_TRUE(check_exposure(open, "listen.native", true).has_value());
  EXPECT_TRUE(check_exposure({"::1", 7420}, "listen.native", false).has_value());
  const auto refused = check_exposure(open, "listen.native", false);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(refused.error().context, HasSubstr("listen.native = \"0.0.0.0:7420\""));
  EXPECT_THAT(refused.error().context, HasSubstr("insecure_anonymous = true"));
}

}  // namespace
}  // namespace leat::server
