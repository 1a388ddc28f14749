#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"

namespace leat::system_test {
namespace {

using ::testing::HasSubstr;

/// Empty when there is none.
std::string promtool() {
  if (::access(LEAT_TOOLS_DIR "/promtool", X_OK) == 0) return LEAT_TOOLS_DIR "/promtool";
  const Finished found = run({"sh", "-c", "command -v promtool || true"});
  return found.output.substr(0, found.output.find('\n'));
}

class LeatdMetrics : public ::testing::Test {
 protected:
  LeatdMetrics() : daemon(options_in(directory_.path())) {
    EXPECT_EQ(run_leat(daemon, {"topic", "create", "orders"}).exit_code, 0);
    EXPECT_EQ(run_leat(daemon, {"pub", "orders", "one", "two"}).exit_code, 0);
    EXPECT_EQ(run_leat(daemon, {"sub", "orders", "start", "-e"}).exit_code, 0);
    const Finished posted = curl({"-d", "three", daemon.http_url() + "/v1/topics/orders/events"});
    EXPECT_EQ(posted.exit_code, 0) << posted.output;
  }
  static Finished curl(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"curl", "-sS", "--fail"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  }
  std::string scrape() { return curl({daemon.http_url() + "/metrics"}).output; }
  std::string scratch(const std::string& name) { return (directory_.path() / name).string(); }

 private:
  static DaemonOptions options_in(const std::filesystem::path& directory) {
    DaemonOptions options;
    options.data = directory / "data";
    options.environment = small_storage();
    return options;
  }

  simulation::TemporaryDirectory directory_;

 protected:
  Daemon daemon;
};

TEST_F(LeatdMetrics, SayWhatWasPublishedAndRead) {
  const std::string text = scrape();
  EXPECT_THAT(text, HasSubstr("leat_published_records_total{topic=\"orders\",transport=\"native\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("leat_delivered_records_total{topic=\"orders\",transport=\"native\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("leat_published_records_total{topic=\"orders\",transport=\"http\"} 1\n"));
}

TEST_F(LeatdMetrics, PromtoolFindsNothingWrong) {
  const std::string tool = promtool();
  if (tool.empty()) GTEST_SKIP() << "promtool is not here; ./dev setup brings it";
  std::ofstream(scratch("metrics.txt")) << scrape();
  const Finished checked = run({"sh", "-c", "exec \"$0\" check metrics <\"$1\"", tool, scratch("metrics.txt")});
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_EQ(checked.output, "");
}

}  // namespace
}  // namespace leat::system_test
