#include "server/net/byte_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace leat::server {
namespace {

class ByteBudgetTest : public ::testing::Test {
 protected:
  /// Its number is written down when it is served; the share is kept.
  ByteBudget::Ticket wait(int number, std::size_t bytes) {
    return budget_->wait(bytes, [this, number](ByteBudget::Ticket, ByteBudget::Share share) {
      served_.push_back(number);
      shares_.push_back(std::move(share));
    });
  }

  std::shared_ptr<ByteBudget> budget_ = std::make_shared<ByteBudget>(100);
  std::vector<int> served_;
  std::vector<ByteBudget::Share> shares_;
};

TEST_F(ByteBudgetTest, GivesSharesUpToTheLimitAndTakesThemBack) {
  ByteBudget::Share first = budget_->take(60);
  EXPECT_EQ(first.bytes(), 60U);
  EXPECT_FALSE(budget_->take(41));
  EXPECT_TRUE(budget_->take(40));
  EXPECT_EQ(budget_->used_bytes(), 60U) << "the second one has ended";
  first = {};
  EXPECT_EQ(budget_->used_bytes(), 0U);
}

TEST_F(ByteBudgetTest, SharesGrowShrinkAndJoin) {
  ByteBudget::Share share = budget_->take(10);
  share.add(budget_->take(5));
  EXPECT_EQ(share.bytes(), 15U);
  share.resize(120);
  EXPECT_EQ(budget_->used_bytes(), 120U) << "what is held already is counted whether there is room or not";
  share.resize(1);
  EXPECT_EQ(budget_->used_bytes(), 1U);
}

TEST_F(ByteBudgetTest, ThoseWhoWaitAreServedInTheirOrder) {
  ByteBudget::Share all = budget_->take(100);
  wait(1, 80);
  wait(2, 10);
  wait(3, 30);
  EXPECT_TRUE(served_.empty());
  all.resize(0);
  EXPECT_EQ(served_, (std::vector<int>{1, 2, 3})) << "the third exceeds the limit, which was not exceeded before it";
  EXPECT_EQ(budget_->used_bytes(), 120U);
}

TEST_F(ByteBudgetTest, WhoGivesUpIsGrantedNothingAndHoldsUpNobody) {
  ByteBudget::Share all = budget_->take(100);
  const auto first = wait(1, 80);
  wait(2, 10);
  EXPECT_TRUE(budget_->has_waiting(first));
  budget_->give_up(first);
  EXPECT_EQ(served_, (std::vector<int>{1}));
  EXPECT_FALSE(shares_.front());
  all.resize(0);
  EXPECT_EQ(served_, (std::vector<int>{1, 2}));
  budget_->give_up(first);
  EXPECT_EQ(served_.size(), 2U) << "it has its answer";
}

TEST_F(ByteBudgetTest, NobodyOvertakesThoseWhoWait) {
  ByteBudget::Share all = budget_->take(100);
  wait(1, 80);
  all.resize(100);
  EXPECT_FALSE(budget_->take(1));
  all.resize(0);
  EXPECT_TRUE(budget_->take(1));
}

TEST_F(ByteBudgetTest, TheLimitIsExceededByOneShareOnly) {
  ByteBudget::Share most = budget_->take(99);
  wait(1, 1000);
  wait(2, 1000);
  EXPECT_EQ(served_, (std::vector<int>{1}));
  most.resize(0);
  EXPECT_EQ(served_, (std::vector<int>{1}));
  shares_.front().resize(0);
  EXPECT_EQ(served_, (std::vector<int>{1, 2}));
}

TEST_F(ByteBudgetTest, OneWhoHasGivenUpIsNotServed) {
  ByteBudget::Share all = budget_->take(100);
  const ByteBudget::Ticket first = wait(1, 10);
  wait(2, 10);
  budget_->cancel(first);
  all.resize(0);
  EXPECT_EQ(served_, (std::vector<int>{2}));
  budget_->cancel(first);
}

TEST_F(ByteBudgetTest, TellsWhetherOthersWait) {
  const ByteBudget::Share all = budget_->take(100);
  const ByteBudget::Ticket own = wait(1, 10);
  EXPECT_TRUE(budget_->has_waiting());
  EXPECT_FALSE(budget_->has_waiting(own));
  const ByteBudget::Ticket other = wait(2, 10);
  EXPECT_TRUE(budget_->has_waiting(own));
  budget_->cancel(own);
  EXPECT_TRUE(budget_->has_waiting(own)) << "one that is gone waits no more";
  EXPECT_FALSE(budget_->has_waiting(other));
}

TEST_F(ByteBudgetTest, WithRoomTheFirstIsServedAtOnce) {
  wait(1, 10);
  EXPECT_EQ(served_, (std::vector<int>{1}));
  EXPECT_FALSE(budget_->has_waiting());
}

TEST_F(ByteBudgetTest, ManyThreadsLeaveNothingBehind) {
  std::atomic<int> served{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) {
          ByteBudget::Share share = budget_->take(40);
          if (!share) budget_->wait(40, [&served](ByteBudget::Ticket, const ByteBudget::Share&) { ++served; });
        }
      });
    }
  }
  EXPECT_EQ(budget_->used_bytes(), 0U);
  EXPECT_FALSE(budget_->has_waiting());
}

}  // namespace
}  // namespace leat::server
