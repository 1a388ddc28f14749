#include "client/tool/wait_notes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace leat::tool {
namespace {

using std::chrono::seconds;

TEST(WaitNotes, SayWhyAtOnceAndThenEveryFewSeconds) {
  std::vector<std::string> lines;
  WaitNotes notes([&](const std::string& line) { lines.push_back(line); });
  const std::chrono::steady_clock::time_point start{};
  notes.add(Error(Errc::storage_full, "t-0"), start);
  for (int i = 1; i < 10; ++i) notes.add(Error(Errc::overloaded), start + seconds(i));
  EXPECT_THAT(lines, testing::ElementsAre("leat: waiting, and trying again: storage full: t-0",
                                          "leat: waiting, and trying again: broker overloaded"));
}

}  // namespace
}  // namespace leat::tool
