#include "server/broker/shard.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <future>

namespace leat::server {
namespace {

using testing::ElementsAre;

/// A shard whose thread is the test's.
class ShardTest : public ::testing::Test {
 protected:
  ShardTest() { shard_.adopt_this_thread(); }
  void post(const char* name, std::function<void()> more = nullptr) {
    shard_.post([this, name, more] {
      happened_.emplace_back(name);
      if (more) more();
    });
  }
  void defer(const char* name, std::function<void()> more = nullptr) {
    shard_.defer([this, name, more] {
      happened_.emplace_back(name);
      if (more) more();
    });
  }
  std::vector<std::string> run() {
    happened_.clear();
    shard_.io().poll();
    return happened_;
  }

  Shard shard_{0};
  std::vector<std::string> happened_;
};

TEST_F(ShardTest, WhatIsPostedRunsInOrder) {
  post("a");
  post("b");
  EXPECT_THAT(run(), ElementsAre("a", "b"));
}

TEST_F(ShardTest, WhatAStepDefersRunsAtItsEnd) {
  post("a", [this] {
    defer("later");
    happened_.emplace_back("end of a");
  });
  post("b");
  EXPECT_THAT(run(), ElementsAre("a", "end of a", "later", "b"));
}

TEST_F(ShardTest, WhatIsDeferredElsewhereRunsTogetherBehindWhatIsPosted) {
  boost::asio::post(shard_.io(), [this] {  // as a socket's handler
    defer("first");
    defer("second");
    happened_.emplace_back("handler");
  });
  boost::asio::post(shard_.io(), [this] { happened_.emplace_back("another"); });
  EXPECT_THAT(run(), ElementsAre("handler", "another", "first", "second"));
}

TEST_F(ShardTest, WhatTheDeferredDeferLetsOthersRunFirst) {
  post("a", [this] { defer("later", [this] { defer("much later"); }); });
  post("b");
  EXPECT_THAT(run(), ElementsAre("a", "later", "b", "much later"));
}

TEST_F(ShardTest, NothingDeferredIsLostBetweenStepsAndHandlers) {
  boost::asio::post(shard_.io(), [this] { defer("of a handler"); });
  post("step", [this] { defer("of a step"); });
  boost::asio::post(shard_.io(), [this] { defer("of another handler"); });
  EXPECT_THAT(run(), ElementsAre("step", "of a handler", "of a step", "of another handler"));
}

TEST(ShardThread, APeerThatIsGoneDoesNotEndTheProcess) {
  Shard shard(0);
  shard.start();
  std::promise<int> error;
  shard.post([&error] {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    ::close(ends[0]);
    error.set_value(::write(ends[1], "x", 1) < 0 ? errno : 0);
    ::close(ends[1]);
  });
  EXPECT_EQ(error.get_future().get(), EPIPE);
}

TEST_F(ShardTest, WhatIsStagedIsWrittenOnceForAllThatStagedIt) {
  Shard shard(0, [this](bool journaled) { happened_.emplace_back(journaled ? "written, hurried" : "written"); });
  shard.adopt_this_thread();
  shard.write_soon(true);
  shard.write_soon(false);
  shard.io().poll();
  shard.write_soon(false);
  shard.io().poll();
  EXPECT_THAT(happened_, ElementsAre("written, hurried", "written"));
}

}  // namespace
}  // namespace leat::server
