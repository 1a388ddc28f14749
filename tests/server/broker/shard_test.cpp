#include "server/broker/shard.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <future>
#include <thread>

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
    shard_.poll();
    return happened_;
  }

  std::vector<std::string> happened_;
  Shard shard_{0, nullptr, [this] { happened_.emplace_back("yielded"); }};
};

TEST_F(ShardTest, WhatIsPostedRunsInOrder) {
  post("a");
  post("b");
  EXPECT_THAT(run(), ElementsAre("a", "b"));
}

TEST_F(ShardTest, WhatAHandlerDefersRunsAtTheRoundsEnd) {
  post("a", [this] {
    defer("first");
    defer("second");
    happened_.emplace_back("end of a");
  });
  post("b");
  EXPECT_THAT(run(), ElementsAre("a", "end of a", "first", "second", "b"));
}

TEST_F(ShardTest, AQuietRoundYieldsBetweenWhatWasDeferredBeforeAndAfter) {
  post("a", [this] {
    defer("first");
    shard_.defer_yield();
    defer("second");
  });
  EXPECT_THAT(run(), ElementsAre("a", "first", "yielded", "second"));
}

TEST_F(ShardTest, AYieldWithNobodyBeforeOrBehindItIsNone) {
  post("a", [this] {
    shard_.defer_yield();
    defer("first");
  });
  EXPECT_THAT(run(), ElementsAre("a", "first"));
  post("b", [this] {
    defer("first");
    shard_.defer_yield();
  });
  EXPECT_THAT(run(), ElementsAre("b", "first"));
}

TEST_F(ShardTest, ARoundWithMoreToDoDoesNotYield) {
  post("a", [this] {
    defer("first");
    shard_.defer_yield();
    defer("second");
    shard_.defer_yield();
    defer("third");
  });
  EXPECT_THAT(run(), ElementsAre("a", "first", "second", "third"));
}

TEST_F(ShardTest, WhatTheDeferredDeferLetsOthersRunFirst) {
  post("a", [this] { defer("later", [this] { defer("much later"); }); });
  post("b");
  EXPECT_THAT(run(), ElementsAre("a", "later", "b", "much later"));
}

TEST_F(ShardTest, WhatIsDeferredBetweenTwoRoundsRunsWithoutAnyHandler) {
  defer("alone", [this] { defer("behind it"); });
  EXPECT_THAT(run(), ElementsAre("alone", "behind it"));
  EXPECT_FALSE(shard_.poll());
}

TEST_F(ShardTest, HandlersThatAreReadyTogetherShareRounds) {
  constexpr int kHandlers = 1'000;
  int written = 0;
  Shard shard(0, [&written](bool) { ++written; });
  shard.adopt_this_thread();
  for (int i = 0; i < kHandlers; ++i) shard.post([&] { shard.write_soon(false); });
  shard.poll();
  EXPECT_LT(written, kHandlers / 4);
  EXPECT_GT(written, kHandlers / 100) << "nobody's round is endless";
}

TEST_F(ShardTest, OneThatComesBackEachRoundDoesNotHoldUpItsEnd) {
  std::function<void(int)> come_back = [&](int times) {
    happened_.emplace_back("again");
    if (times > 0) shard_.defer([&come_back, times] { come_back(times - 1); });
  };
  for (int i = 0; i < 100; ++i) post("before");
  (void)run();  // it looks for more each round from here on
  shard_.post([&] {
    shard_.defer([this] { happened_.emplace_back("sent"); });
    come_back(3);
  });
  EXPECT_THAT(run(), ElementsAre("again", "sent", "again", "again", "again"));
}

TEST(ShardThread, ARoundThatLeavesSomethingToDoDoesNotWaitForAnother) {
  Shard shard(0);
  shard.start();
  std::promise<void> done;
  shard.post([&] { shard.defer([&] { shard.defer([&] { done.set_value(); }); }); });
  done.get_future().wait();
}

TEST(ShardThread, NothingIsLostWhereverItIsPostedFrom) {
  constexpr int kPerThread = 20'000;
  Shard shard(0);
  shard.start();
  std::promise<void> done;
  int ended = 0;
  const auto post_all = [&] {
    for (int i = 0; i < kPerThread; ++i) {
      shard.post([&] {
        shard.defer([&] {
          if (++ended == 2 * kPerThread) done.set_value();
        });
      });
    }
  };
  std::thread other(post_all);
  post_all();
  other.join();
  done.get_future().wait();
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

TEST_F(ShardTest, WhatARoundStagedIsWrittenOnceAndBeforeWhatItSends) {
  Shard shard(0, [this](bool journaled) { happened_.emplace_back(journaled ? "written, hurried" : "written"); });
  shard.adopt_this_thread();
  shard.post([&] {
    shard.defer([this] { happened_.emplace_back("sent"); });
    shard.write_soon(true);
    shard.write_soon(false);
  });
  shard.poll();
  shard.post([&] { shard.write_soon(false); });
  shard.poll();
  EXPECT_THAT(happened_, ElementsAre("written, hurried", "sent", "written"));
}

}  // namespace
}  // namespace leat::server
