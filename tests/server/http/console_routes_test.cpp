#include "server/http/console_routes.hpp"

#include "protocol/record/compression.hpp"
#include "server/http/console_files.hpp"
#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ConsoleRoutes : public WebTest {
 protected:
  ConsoleRoutes() { start(); }
  void SetUp() override {
    if (console_files().empty()) GTEST_SKIP() << "this build has no console page";
  }
  static std::string unpacked(const std::string& gzipped) {
    std::vector<std::byte> plain;
    EXPECT_TRUE(record::decompress(record::Codec::gzip, as_bytes(gzipped), {}, plain).has_value());
    return std::string(as_text(plain));
  }
};

TEST_F(ConsoleRoutes, ThePageIsAtTheRoot) {
  const auto page = ask("GET", "/");
  EXPECT_EQ(page.result_int(), 200U);
  EXPECT_EQ(field_of(page, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(field_of(page, "content-encoding"), "none");
  EXPECT_THAT(page.body(), HasSubstr("<html"));
}

TEST_F(ConsoleRoutes, EveryFileIsServedAsItIsAndPacked) {
  for (const ConsoleFile& file : console_files()) {
    const std::string path(file.path);
    const auto plain = ask("GET", path);
    const auto packed = ask("GET", path, {{"Accept-Encoding", "br, gzip"}});
    EXPECT_EQ(plain.result_int(), 200U) << path;
    EXPECT_EQ(field_of(plain, "content-type"), file.content_type) << path;
    EXPECT_EQ(field_of(packed, "content-encoding"), "gzip") << path;
    EXPECT_LT(packed.body().size(), plain.body().size()) << path;
    EXPECT_EQ(unpacked(packed.body()), plain.body()) << path;
  }
}

TEST_F(ConsoleRoutes, WhoDoesNotTakeGzipIsNotSentAny) {
  for (const char* accepted : {"", "br", "identity", "gzip;q=0", "gzip; q=0.0", "gzip;q=0.000, br", "gzipped"}) {
    EXPECT_EQ(field_of(ask("GET", "/", {{"Accept-Encoding", accepted}}), "content-encoding"), "none") << accepted;
  }
  for (const char* accepted : {"gzip", "br,gzip", "gzip;q=0.5", "deflate , gzip ;q=1.0", "x-gzip", "gzip;q=0.001"}) {
    EXPECT_EQ(field_of(ask("GET", "/", {{"Accept-Encoding", accepted}}), "content-encoding"), "gzip") << accepted;
  }
}

TEST_F(ConsoleRoutes, WhoHasItAlreadyIsToldSo) {
  const std::string etag = field_of(ask("GET", "/"), "etag");
  ASSERT_THAT(etag, StartsWith("W/\""));
  for (const std::string& known : {etag, etag.substr(2), std::string("*"), "\"old\", " + etag, "W/\"old\" ,\t" + etag + " "}) {
    const auto answer = ask("GET", "/", {{"If-None-Match", known}});
    EXPECT_EQ(answer.result_int(), 304U) << known;
    EXPECT_EQ(answer.body(), "") << known;
    EXPECT_EQ(field_of(answer, "etag"), etag) << known;
  }
  for (const std::string known : {"\"old\"", "W/\"\"", "", ","}) {
    EXPECT_EQ(ask("GET", "/", {{"If-None-Match", known}}).result_int(), 200U) << known;
  }
}

TEST_F(ConsoleRoutes, TheConnectionGoesOnBehindAPageThatIsKnown) {
  WebClient client = web();
  EXPECT_EQ(client.ask("GET", "/", {{"If-None-Match", "*"}}).result_int(), 304U);
  EXPECT_EQ(client.ask("GET", "/health/live").result_int(), 200U);
}

TEST_F(ConsoleRoutes, TheTwoEncodingsAndAllFilesHaveTheirTags) {
  EXPECT_EQ(field_of(ask("GET", "/", {{"Accept-Encoding", "gzip"}}), "etag"), field_of(ask("GET", "/"), "etag"));
  EXPECT_NE(field_of(ask("GET", "/console/app.js"), "etag"), field_of(ask("GET", "/"), "etag"));
}

TEST_F(ConsoleRoutes, ThePageMayUseNothingButTheDaemon) {
  const auto page = ask("GET", "/", {{"Host", "localhost:7421"}});
  const std::string policy = field_of(page, "content-security-policy");
  EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("connect-src 'self' ws://localhost:7421 wss://localhost:7421;"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(field_of(page, "x-content-type-options"), "nosniff");
  EXPECT_EQ(field_of(page, "referrer-policy"), "no-referrer");
  EXPECT_EQ(field_of(page, "cache-control"), "no-cache");
}

TEST_F(ConsoleRoutes, AHostCannotWriteIntoThePolicy) {
  const auto page = ask("GET", "/", {{"Host", "[::1]:7421"}});
  EXPECT_THAT(field_of(page, "content-security-policy"), HasSubstr("connect-src 'self'; base-uri"));
}

TEST_F(ConsoleRoutes, CachesKnowWhatTheAnswerDependsOn) {
  const auto page = ask("GET", "/");
  std::string varies;
  for (const auto& field : page) {
    if (field.name() == http::field::vary) varies += std::string(field.value()) + ",";
  }
  EXPECT_THAT(varies, HasSubstr("Accept-Encoding,"));
  EXPECT_THAT(varies, HasSubstr("Origin,"));
}

TEST_F(ConsoleRoutes, ThereAreNoOtherFiles) {
  for (const char* path : {"/console", "/console/", "/console/nothing.js", "/console/../index.html", "/index.html",
                           "/console/%2e%2e/app.js", "/console/views", "/app.js"}) {
    EXPECT_EQ(ask("GET", path).result_int(), 404U) << path;
  }
}

class WithoutConsole : public WebTest {};

TEST_F(WithoutConsole, TheRootSaysHowToGetIt) {
  start();
  const auto page = ask("GET", "/");
  EXPECT_EQ(page.result_int(), console_files().empty() ? 404U : 200U);
  if (console_files().empty()) {
    EXPECT_THAT(page.body(), HasSubstr("npm"));
  }
}

}  // namespace
}  // namespace leat::server
