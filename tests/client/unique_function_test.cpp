#include "leat/detail/unique_function.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace leat {
namespace {

TEST(UniqueFunction, CallsWhatItWasGiven) {
  UniqueFunction<int(int, int)> add = [](int a, int b) { return a + b; };
  EXPECT_EQ(add(2, 3), 5);
}

TEST(UniqueFunction, IsEmptyAfterAMoveAndByDefault) {
  UniqueFunction<void()> none;
  EXPECT_FALSE(none);
  UniqueFunction<void()> some = [] {};
  UniqueFunction<void()> moved = std::move(some);
  EXPECT_FALSE(some);  // NOLINT(bugprone-use-after-move): that it is empty is the contract
  EXPECT_TRUE(moved);
}

TEST(UniqueFunction, HoldsWhatCanOnlyBeMoved) {
  auto owned = std::make_unique<int>(7);
  UniqueFunction<int()> get = [owned = std::move(owned)] { return *owned; };
  UniqueFunction<int()> moved = std::move(get);
  EXPECT_EQ(moved(), 7);
}

TEST(UniqueFunction, HoldsWhatIsTooLargeForItself) {
  std::array<std::byte, 200> large{};
  large[199] = std::byte{9};
  UniqueFunction<int()> get = [large] { return std::to_integer<int>(large[199]); };
  UniqueFunction<int()> moved = std::move(get);
  EXPECT_EQ(moved(), 9);
}

TEST(UniqueFunction, DestroysWhatItHoldsExactlyOnce) {
  const auto counted = std::make_shared<int>(0);
  for (int large = 0; large < 2; ++large) {
    std::array<std::byte, 64> ballast{};
    UniqueFunction<void()> first;
    if (large == 1) {
      first = [counted, ballast] { (void)ballast; };
    } else {
      first = [counted] {};
    }
    UniqueFunction<void()> second = std::move(first);
    EXPECT_EQ(counted.use_count(), 2);
    second = [] {};
    EXPECT_EQ(counted.use_count(), 1);
  }
}

}  // namespace
}  // namespace leat
