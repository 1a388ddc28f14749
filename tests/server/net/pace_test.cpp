#include "server/net/pace.hpp"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

constexpr std::size_t kHeld = 64'000;
constexpr std::uint64_t kEnough = kHeld / Pace::kWindowsMax;

class PaceTest : public ::testing::Test {
 protected:
  PaceTest() { pace_.begin(now_, moved_); }
  /// A window later the peer has moved so much more.
  bool kept_with(std::uint64_t bytes, std::size_t held_bytes = kHeld) {
    now_ += Pace::kWindow;
    return pace_.kept(now_, moved_ += bytes, held_bytes);
  }

  Pace::Time now_{std::chrono::hours(1)};
  std::uint64_t moved_ = 1000;
  Pace pace_;
};

TEST_F(PaceTest, APeerThatMovesItsPartInEveryWindowKeepsIt) {
  for (std::size_t i = 0; i < 2 * Pace::kWindowsMax; ++i) EXPECT_TRUE(kept_with(kEnough));
}

TEST_F(PaceTest, APeerThatMovesLessDoesNot) {
  EXPECT_FALSE(kept_with(0));
  EXPECT_FALSE(kept_with(kEnough - 1));
  EXPECT_TRUE(kept_with(kEnough)) << "what it has not done before is forgotten";
}

TEST_F(PaceTest, WhatMovedInOneWindowDoesNotCountForTheNext) {
  EXPECT_TRUE(kept_with(100 * kEnough));
  EXPECT_FALSE(kept_with(0));
}

TEST_F(PaceTest, NothingIsSaidBeforeTheWindowIsOver) {
  now_ += Pace::kWindow / 2;
  EXPECT_TRUE(pace_.kept(now_, moved_, kHeld));
  now_ += Pace::kWindow / 2;
  EXPECT_FALSE(pace_.kept(now_, moved_, kHeld));
}

TEST_F(PaceTest, SomethingHasToMoveHoweverLittleIsHeld) {
  EXPECT_TRUE(kept_with(1, 10));
  EXPECT_FALSE(kept_with(0, 10));
}

TEST_F(PaceTest, AnotherBeginningIsAnotherWindow) {
  now_ += Pace::kWindow / 2;
  pace_.begin(now_, moved_);
  EXPECT_EQ(pace_.check_at(), now_ + Pace::kWindow);
}

}  // namespace
}  // namespace leat::server
