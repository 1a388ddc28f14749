#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "server/support/memory.hpp"
#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"

namespace leat::system_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// How both programs bear what surrounds them.
class Hygiene : public ::testing::Test {
 protected:
  Hygiene() {
    options_.data = directory_.path() / "data";
    options_.environment = small_storage();
  }
  /// leatd under a limit on its address space, to its end.
  Finished run_with_memory(int kibibytes) {
    return run({"sh", "-c", "ulimit -v " + std::to_string(kibibytes) + "; exec \"$0\" \"$@\"", LEATD_PROGRAM, "--data",
                options_.data.string(), "--listen", "127.0.0.1:0"},
               options_.environment);
  }

  simulation::TemporaryDirectory directory_;
  DaemonOptions options_;
};

TEST_F(Hygiene, StandardDescriptorsThatAreClosedBecomeNobodysFile) {
  options_.wrapper = {"sh", "-c", "exec \"$0\" \"$@\" <&- >&-"};
  Daemon daemon(options_);
  for (const char* descriptor : {"0", "1"}) {
    const fs::path link = fs::path("/proc") / std::to_string(daemon.process().pid()) / "fd" / descriptor;
    EXPECT_EQ(fs::read_symlink(link), "/dev/null") << descriptor;
  }
  run({"sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-", LEAT_PROGRAM, "--server", daemon.url(), "topic", "create", "orders"});
  EXPECT_EQ(run_leat(daemon, {"topic", "describe", "orders"}).exit_code, 0);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Hygiene, ASignalThatComesWhileItStartsIsAnOrderlyStop) {
  const fs::path config = directory_.path() / "leatd.toml";
  ASSERT_EQ(::mkfifo(config.c_str(), 0600), 0);
  Process process({LEATD_PROGRAM, "--config", config.string(), "--data", options_.data.string(), "--listen", "127.0.0.1:0"},
                  options_.environment);
  // Opened as soon as leatd reads its configuration, and not before.
  const int writer = ::open(config.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  process.signal(SIGTERM);
  ::close(writer);
  EXPECT_EQ(process.wait_for_exit(), 0) << process.output();
  EXPECT_TRUE(process.has_line(" stopped"));
}

TEST_F(Hygiene, WithoutMemoryItSaysSoAndEnds) {
  if (!server::kMemoryIsMeaningful) GTEST_SKIP() << "needs terabytes of address space";
  for (const int kibibytes : {15'000, 20'000, 30'000, 40'000}) {
    const Finished ended = run_with_memory(kibibytes);
    EXPECT_EQ(ended.exit_code, 1) << kibibytes << " KiB: " << ended.output;
    EXPECT_THAT(ended.output, HasSubstr("leatd: ")) << kibibytes;
  }
}

TEST_F(Hygiene, TopicSettingsMayHaveUnits) {
  Daemon daemon(options_);
  const Finished made = run_leat(daemon, {"topic", "create", "orders", "-c", "retention.ms=7d", "-c", "segment.bytes=64MiB"});
  EXPECT_EQ(made.exit_code, 0) << made.output;
  const Finished described = run_leat(daemon, {"-o", "json", "topic", "describe", "orders"});
  EXPECT_THAT(described.output, HasSubstr("604800000"));
  EXPECT_THAT(described.output, HasSubstr("67108864"));
  EXPECT_EQ(run_leat(daemon, {"topic", "alter", "orders", "-c", "retention.ms=1 week"}).exit_code, 1);
}

}  // namespace
}  // namespace leat::system_test
