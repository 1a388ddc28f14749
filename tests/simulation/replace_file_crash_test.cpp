// storage::replace_file under every crash and failure that the simulated disk knows.
#include <gmock/gmock.h>

#include "simulation/simulated_disk_fixture.hpp"

namespace leat::simulation {
namespace {

using testing::ElementsAre;

class ReplaceFileTest : public SimulatedDiskTest {
 protected:
  void expect_old_or_new(const CrashChoice& choice) {
    const auto after = disk.crash(choice);
    const std::string found = contents(*after, "/d/a");
    EXPECT_TRUE(found == kOld || found == kNew) << choice.describe() << " before operation " << disk.operation_count() << "\n"
                                                << after->dump();
    seen.insert(found);
  }
  void expect_only(const std::string& text) {
    EXPECT_THAT(possible("/d/a"), ElementsAre(text));
    EXPECT_EQ(after_losing_all("/d/a"), text);
    EXPECT_EQ(after_keeping_all("/d/a"), text);
  }

  const std::string kOld = std::string(3000, 'o');
  const std::string kNew = std::string(5000, 'n');
  std::set<std::string> seen;
};

TEST_F(ReplaceFileTest, ACrashAtAnyOperationLeavesTheOldContentsOrTheNew) {
  create_durable("/d/a", kOld);
  std::uint64_t operations = 0;
  disk.on_operation([&](std::uint64_t, std::string_view) {
    ++operations;
    expect_old_or_new(CrashChoice::lose_everything_unsynced());
    expect_old_or_new(CrashChoice::keep_everything());
    for (std::uint64_t seed = 0; seed < 1000; ++seed) expect_old_or_new(CrashChoice::random(seed));
  });
  ASSERT_TRUE(storage::replace_file(disk, "/d/a", as_bytes(kNew)));
  EXPECT_EQ(operations, 6U);
  EXPECT_EQ(seen.size(), 2U);
  disk.on_operation({});
  expect_only(kNew);
}

TEST_F(ReplaceFileTest, AFailureOfAnyOperationLeavesTheOldContentsOrTheNew) {
  for (std::uint64_t failing = 0;; ++failing) {
    SCOPED_TRACE(failing);
    create_durable("/d/a", kOld);
    disk.fail_operation(failing, Errc::io_error, false);
    const auto replaced = storage::replace_file(disk, "/d/a", as_bytes(kNew));
    disk.clear_fault();
    for (std::uint64_t seed = 0; seed < 100; ++seed) expect_old_or_new(CrashChoice::random(seed));
    if (replaced) {
      EXPECT_EQ(failing, 6U);
      return expect_only(kNew);
    }
    ASSERT_TRUE(disk.remove_tree("/d/a"));
    ASSERT_TRUE(disk.remove_tree("/d/a.tmp"));
  }
}

}  // namespace
}  // namespace leat::simulation
