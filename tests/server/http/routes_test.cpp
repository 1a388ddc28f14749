#include "server/http/routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() {
    for (const char* pattern : {"/", "/v1/topics", "/v1/topics/{topic}", "/v1/topics/{topic}/partitions/{partition}/records"}) {
      add("GET", pattern);
    }
    add("POST", "/v1/topics");
    add("DELETE", "/v1/topics/{topic}");
    add("POST", "/v1/topics/{topic}/events");
  }
  void add(const std::string& method, const std::string& pattern) {
    routes_.add(method, pattern,
                [](const HttpRequest&, Shard&) -> boost::asio::awaitable<HttpResponse> { co_return HttpResponse{}; });
  }

  Routes routes_;
};

TEST_F(RoutesTest, VariablesAreTheRoutesArguments) {
  const auto match = routes_.find("GET", {"v1", "topics", "orders", "partitions", "3", "records"});
  ASSERT_NE(match.handler, nullptr);
  EXPECT_THAT(match.arguments, ElementsAre("orders", "3"));
  EXPECT_THAT(routes_.find("GET", {"v1", "topics"}).arguments, IsEmpty());
}

TEST_F(RoutesTest, AnArgumentMayHoldAnything) {
  EXPECT_THAT(routes_.find("GET", {"v1", "topics", "a/b"}).arguments, ElementsAre("a/b"));
  EXPECT_THAT(routes_.find("GET", {"v1", "topics", ""}).arguments, ElementsAre(""));
}

TEST_F(RoutesTest, TheRootIsAPath) {
  EXPECT_NE(routes_.find("GET", {}).handler, nullptr);
  EXPECT_EQ(routes_.find("GET", {""}).handler, nullptr);
}

TEST_F(RoutesTest, EachMethodHasItsOwnHandler) {
  const auto* const get = routes_.find("GET", {"v1", "topics"}).handler;
  const auto* const post = routes_.find("POST", {"v1", "topics"}).handler;
  ASSERT_NE(get, nullptr);
  ASSERT_NE(post, nullptr);
  EXPECT_NE(get, post);
}

TEST_F(RoutesTest, WhatAnswersGetAnswersHeadAsWell) {
  EXPECT_EQ(routes_.find("HEAD", {"v1", "topics", "orders"}).handler, routes_.find("GET", {"v1", "topics", "orders"}).handler);
  EXPECT_EQ(routes_.find("HEAD", {"v1", "topics", "orders", "events"}).handler, nullptr);
}

TEST_F(RoutesTest, AnotherMethodLearnsWhichThereAre) {
  const auto match = routes_.find("PUT", {"v1", "topics"});
  EXPECT_EQ(match.handler, nullptr);
  EXPECT_EQ(match.allowed, "GET, HEAD, POST");
  EXPECT_EQ(routes_.find("GET", {"v1", "topics", "orders", "events"}).allowed, "POST");
  EXPECT_EQ(routes_.find("PUT", {"v1", "topics", "orders"}).allowed, "GET, HEAD, DELETE");
}

TEST_F(RoutesTest, APathThatNothingHasAllowsNoMethod) {
  using Path = std::vector<std::string>;
  for (const Path& path : {Path{"v1"}, Path{"v2", "topics"}, Path{"v1", "topics", "a", "b"}, Path{"V1", "topics"},
                           Path{"v1", "topics", "a", "events", ""}}) {
    const auto match = routes_.find("GET", path);
    EXPECT_EQ(match.handler, nullptr) << path.size();
    EXPECT_EQ(match.allowed, "") << path.size();
  }
}

TEST_F(RoutesTest, MethodsAreInUpperCase) { EXPECT_EQ(routes_.find("get", {"v1", "topics"}).handler, nullptr); }

TEST_F(RoutesTest, OfTwoThatFitTheFirstAnswers) {
  add("GET", "/v1/topics/special");
  const auto match = routes_.find("GET", {"v1", "topics", "special"});
  EXPECT_THAT(match.arguments, ElementsAre("special"));
}

TEST_F(RoutesTest, AreListedAsTheyWereAdded) {
  const auto listed = routes_.list();
  ASSERT_EQ(listed.size(), 7U);
  EXPECT_EQ(listed[0].pattern, "/");
  EXPECT_EQ(listed[3].pattern, "/v1/topics/{topic}/partitions/{partition}/records");
  EXPECT_EQ(listed[4].method, "POST");
}

}  // namespace
}  // namespace leat::server
