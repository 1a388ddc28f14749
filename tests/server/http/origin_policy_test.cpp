#include "server/http/origin_policy.hpp"

#include <gtest/gtest.h>

#include <array>

namespace leat::server {
namespace {

constexpr std::string_view kHost = "127.0.0.1:7421";

enum class Page : std::uint8_t { own, listed, refused };

struct Variant {
  std::string_view origin;
  std::string_view host;
  Page page;
};

constexpr std::array kVariants{
    // The daemon's own pages, by whichever of its names, and behind a proxy that has the certificate.
    Variant{"http://127.0.0.1:7421", kHost, Page::own},
    Variant{"https://127.0.0.1:7421", kHost, Page::own},
    Variant{"http://localhost:7421", "localhost:7421", Page::own},
    Variant{"http://localhost:7421", "LOCALHOST:7421", Page::own},
    Variant{"http://LOCALHOST:7421", "localhost:7421", Page::own},
    Variant{"http://[::1]:7421", "[::1]:7421", Page::own},
    Variant{"http://[2001:DB8::1]:7421", "[2001:db8::1]:7421", Page::own},
    Variant{"http://broker.example", "broker.example", Page::own},
    Variant{"https://broker.example:8443", "broker.example:8443", Page::own},
    // No browser at all, or one that says nothing as it asks for the page itself.
    Variant{"", kHost, Page::own},
    Variant{"", "", Page::own},
    // Those that the allow-list names.
    Variant{"https://shop.example", kHost, Page::listed},
    Variant{"HTTPS://Shop.Example", kHost, Page::listed},
    Variant{"http://localhost:3000", kHost, Page::listed},
    Variant{"http://[::1]:3000", kHost, Page::listed},
    Variant{"https://shop.example", "", Page::listed},
    // Nearly the daemon's own.
    Variant{"http://127.0.0.1", kHost, Page::refused},
    Variant{"http://127.0.0.1:", kHost, Page::refused},
    Variant{"http://127.0.0.1:742", kHost, Page::refused},
    Variant{"http://127.0.0.1:74210", kHost, Page::refused},
    Variant{"http://127.0.0.1:7422", kHost, Page::refused},
    Variant{"http://localhost:7421", kHost, Page::refused},
    Variant{"http://127.0.0.1:7421", "localhost:7421", Page::refused},
    Variant{"http://[::1]:7421", kHost, Page::refused},
    Variant{"http://127.0.0.1:7421/", kHost, Page::refused},
    Variant{"http://127.0.0.1:7421.evil.example", kHost, Page::refused},
    Variant{"http://127.0.0.1.evil.example:7421", kHost, Page::refused},
    Variant{"http://127.0.0.1.:7421", kHost, Page::refused},
    Variant{"http://localhost.:7421", "localhost:7421", Page::refused},
    Variant{"http://localhost.evil.example:7421", "localhost:7421", Page::refused},
    Variant{"http://evil.localhost:7421", "localhost:7421", Page::refused},
    Variant{"http://evil.example:7421", kHost, Page::refused},
    Variant{"http://evil.example@127.0.0.1:7421", kHost, Page::refused},
    Variant{"http://127.0.0.1:7421@evil.example", kHost, Page::refused},
    Variant{"http://user:secret@127.0.0.1:7421", kHost, Page::refused},
    Variant{"http://127.0.0.1:7421 http://evil.example", kHost, Page::refused},
    Variant{"http://evil.example, http://127.0.0.1:7421", kHost, Page::refused},
    Variant{"http://evil.example#http://127.0.0.1:7421", kHost, Page::refused},
    // Other schemes, and no origins at all.
    Variant{"ftp://127.0.0.1:7421", kHost, Page::refused},
    Variant{"ws://127.0.0.1:7421", kHost, Page::refused},
    Variant{"file://", kHost, Page::refused},
    Variant{"chrome-extension://abcdef", kHost, Page::refused},
    Variant{"127.0.0.1:7421", kHost, Page::refused},
    Variant{"//127.0.0.1:7421", kHost, Page::refused},
    Variant{"null", kHost, Page::refused},
    Variant{"http://", "", Page::refused},
    Variant{"http://", kHost, Page::refused},
    Variant{"*", kHost, Page::refused},
    // Nearly listed ones.
    Variant{"http://shop.example", kHost, Page::refused},
    Variant{"https://shop.example:443", kHost, Page::refused},
    Variant{"https://shop.example.", kHost, Page::refused},
    Variant{"https://evilshop.example", kHost, Page::refused},
    Variant{"https://sub.shop.example", kHost, Page::refused},
    Variant{"https://shop.example.evil.example", kHost, Page::refused},
    Variant{"https://shop.example@evil.example", kHost, Page::refused},
    Variant{"https://shop.exampl", kHost, Page::refused},
    Variant{"http://localhost:30000", kHost, Page::refused},
};

TEST(OriginPolicy, TellsItsOwnPagesAndListedOnesFromAllOthers) {
  const OriginPolicy policy({"https://shop.example", "http://localhost:3000", "http://[::1]:3000"}, true);
  for (const Variant& variant : kVariants) {
    EXPECT_EQ(policy.accepts_origin(variant.origin, variant.host), variant.page != Page::refused)
        << variant.origin << " at " << variant.host;
    EXPECT_EQ(policy.is_accepted_foreign(variant.origin, variant.host), variant.page == Page::listed)
        << variant.origin << " at " << variant.host;
  }
}

TEST(OriginPolicy, WithoutAListOnlyItsOwnPagesMay) {
  const OriginPolicy policy({}, true);
  for (const Variant& variant : kVariants) {
    EXPECT_EQ(policy.accepts_origin(variant.origin, variant.host), variant.page == Page::own)
        << variant.origin << " at " << variant.host;
  }
}

TEST(OriginPolicy, AStarAcceptsEveryPageAndTheOwnAreStillNoForeignOnes) {
  const OriginPolicy policy({"*"}, true);
  for (const Variant& variant : kVariants) {
    EXPECT_TRUE(policy.accepts_origin(variant.origin, variant.host)) << variant.origin;
    EXPECT_EQ(policy.is_accepted_foreign(variant.origin, variant.host), variant.page != Page::own) << variant.origin;
  }
}

TEST(OriginPolicy, OnLoopbackAHostIsAnAddressALocalNameOrAListedOne) {
  const OriginPolicy policy({"https://shop.example", "https://proxy.example:8443"}, true);
  for (const std::string_view host : {"", "localhost", "localhost:7421", "LocalHost:7421", "shop.localhost",
                                      "shop.localhost:7421", "127.0.0.1", "127.0.0.1:7421", "127.8.9.10", "[::1]", "[::1]:7421",
                                      "192.168.1.7:7421", "shop.example", "SHOP.example:7421", "proxy.example"}) {
    EXPECT_TRUE(policy.accepts_host(host)) << host;
  }
}

TEST(OriginPolicy, OnLoopbackANameThatWasMadeToResolveThereIsRefused) {
  const OriginPolicy policy({"https://shop.example"}, true);
  for (const std::string_view host : {"evil.example",
                                      "evil.example:7421",
                                      "localhost.evil.example",
                                      "localhost.evil.example:7421",
                                      "127.0.0.1.evil.example",
                                      "127.0.0.1.",
                                      "127.1",
                                      "2130706433",
                                      "0x7f000001",
                                      "notlocalhost",
                                      "xlocalhost:7421",
                                      "localhost-",
                                      "user@localhost",
                                      "localhost@evil.example",
                                      "127.0.0.1@evil.example",
                                      "[evil.example]",
                                      "::1",
                                      ".",
                                      "null",
                                      "*",
                                      "shop.example.evil.example",
                                      "evilshop.example",
                                      "sub.shop.example",
                                      "shop.example."}) {
    EXPECT_FALSE(policy.accepts_host(host)) << host;
  }
}

TEST(OriginPolicy, AStarForOriginsMakesNoHostTheDaemonsOwn) {
  EXPECT_FALSE(OriginPolicy({"*"}, true).accepts_host("evil.example:7421"));
}

TEST(OriginPolicy, AListenerForOthersIsKnownByAnyName) {
  const OriginPolicy policy({}, false);
  EXPECT_TRUE(policy.accepts_host("broker.example:7421"));
  EXPECT_FALSE(policy.accepts_origin("http://evil.example", "broker.example:7421"));
}

}  // namespace
}  // namespace leat::server
