#include "system/daemon.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <sstream>

#include "leat/admin.hpp"
#include "leat/producer.hpp"
#include "simulation/temporary_directory.hpp"

namespace leat::system_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string contents_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Every file below a directory with what is in it. The lock is nobody's data.
std::map<std::string, std::string> snapshot(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.path().filename() == "LOCK") continue;
    files[entry.path().string()] = entry.is_regular_file() ? contents_of(entry.path()) : "a directory";
  }
  return files;
}

class LeatdTest : public ::testing::Test {
 protected:
  LeatdTest() {
    options.data = directory_.path() / "data";
    options.environment = small_storage();
  }
  /// A directory with a topic of a few records, cleanly closed.
  void fill_data_directory() {
    Daemon daemon(options);
    EXPECT_EQ(run_leat(daemon, {"topic", "create", "orders"}).exit_code, 0);
    EXPECT_EQ(run_leat(daemon, {"pub", "orders", "one", "two", "three"}).exit_code, 0);
    EXPECT_EQ(daemon.stop(), 0);
  }
  Finished start_and_fail() {
    return run_leatd({"--data", options.data.string(), "--listen", "127.0.0.1:0"}, options.environment);
  }
  /// leatd refuses to start, says why, and touches nothing.
  void expect_refused(const std::string& why) {
    const auto before = snapshot(options.data);
    const Finished refused = start_and_fail();
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr(why));
    EXPECT_EQ(snapshot(options.data), before);
  }
  static std::string read_all(Daemon& daemon) { return run_leat(daemon, {"sub", "orders", "start", "-e", "-f", "%s\\n"}).output; }
  fs::path scratch(const std::string& name) { return directory_.path() / name; }

  simulation::TemporaryDirectory directory_;
  DaemonOptions options;
};

TEST_F(LeatdTest, IsReadyOnAnEmptyDirectoryAndAnswers) {
  Daemon daemon(options);
  EXPECT_EQ(daemon.opened("after_crash"), "false");
  const Finished listed = run_leat(daemon, {"topic", "list"});
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(LeatdTest, SigtermDrainsAndTheNextStartIsClean) {
  {
    Daemon daemon(options);
    Client client({.url = daemon.url()});
    ASSERT_TRUE(Admin(client).create_topic({"orders", 1, {}}).has_value());
    Producer producer(client);
    ASSERT_TRUE(producer.publish("orders", OutgoingRecord::text("one")).has_value());
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_TRUE(daemon.process().has_line(" stopped"));
  }
  Daemon again(options);
  EXPECT_EQ(again.opened("after_crash"), "false");
  EXPECT_EQ(read_all(again), "one\n");
}

TEST_F(LeatdTest, OutputThatCannotBeWrittenIsExitCode1) {
  for (const char* asked : {"--version >&-", "--help >/dev/full", "--print-config >/dev/full", "--check-config >/dev/full"}) {
    const Finished finished = run({"sh", "-c", std::string("exec \"$0\" ").append(asked), LEATD_PROGRAM});
    EXPECT_EQ(finished.exit_code, 1) << asked;
    EXPECT_THAT(finished.output, HasSubstr("cannot write the output")) << asked;
  }
}

TEST_F(LeatdTest, SigintIsAnOrderlyStopToo) {
  Daemon daemon(options);
  daemon.process().signal(SIGINT);
  EXPECT_EQ(daemon.process().wait_for_exit(), 0);
}

TEST_F(LeatdTest, AKilledOneIsRecognised) {
  fill_data_directory();
  { Daemon(options).kill(); }
  Daemon again(options);
  EXPECT_EQ(again.opened("after_crash"), "true");
  EXPECT_EQ(read_all(again), "one\ntwo\nthree\n");
}

TEST_F(LeatdTest, ASecondOneOnTheDirectoryIsRefused) {
  Daemon first(options);
  const Finished second = start_and_fail();
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, AllOf(HasSubstr("in use"), HasSubstr(options.data.string())));
  EXPECT_EQ(run_leat(first, {"topic", "list"}).exit_code, 0);
}

TEST_F(LeatdTest, ADirectoryOfAnotherVersionIsRefused) {
  fill_data_directory();
  // The version follows the magic in every file's beginning; the catalog's is little-endian at 8.
  std::string catalog = contents_of(options.data / "catalog");
  catalog[8] = 99;
  std::ofstream(options.data / "catalog", std::ios::binary) << catalog;
  expect_refused("catalog");
}

TEST_F(LeatdTest, ADamagedCatalogIsRefused) {
  fill_data_directory();
  const std::string whole = contents_of(options.data / "catalog");
  for (const std::size_t at : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(options.data / "catalog", std::ios::binary) << damaged;
    expect_refused("catalog");
  }
  std::ofstream(options.data / "catalog", std::ios::binary) << whole.substr(0, whole.size() / 2);
  expect_refused("catalog");
  std::ofstream(options.data / "catalog", std::ios::binary) << whole;
  Daemon repaired(options);
  EXPECT_EQ(read_all(repaired), "one\ntwo\nthree\n");
}

TEST_F(LeatdTest, ALostCatalogIsNotTakenForAnEmptyDirectory) {
  fill_data_directory();
  fs::remove(options.data / "catalog");
  expect_refused("catalog");
}

TEST_F(LeatdTest, ADirectoryOfSomethingElseIsRefused) {
  fs::create_directory(options.data);
  std::ofstream(options.data / "holiday.jpg") << "a picture";
  expect_refused("not a leat data directory");
}

TEST_F(LeatdTest, AFileIsNoDataDirectory) {
  std::ofstream(options.data) << "text";
  const Finished refused = start_and_fail();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr(options.data.string()));
  EXPECT_EQ(contents_of(options.data), "text");
}

TEST_F(LeatdTest, ADirectoryThatCannotBeMadeIsRefused) {
  options.data = "/proc/leat-data";
  const Finished refused = start_and_fail();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("/proc/leat-data"));
}

TEST_F(LeatdTest, AReadOnlyDirectoryIsRefused) {
  fill_data_directory();
  // Root writes everywhere but on what is mounted read-only.
  if (::geteuid() == 0) {
    const std::string data = options.data.string();
    if (run({"mount", "--bind", data, data}).exit_code != 0) GTEST_SKIP() << "cannot mount here";
    const int remounted = run({"mount", "-o", "remount,bind,ro", data}).exit_code;
    if (remounted == 0) expect_refused("Read-only");
    run({"umount", data});
    ASSERT_EQ(remounted, 0);
  } else {
    fs::permissions(options.data, fs::perms::owner_read | fs::perms::owner_exec);
    fs::permissions(options.data / "LOCK", fs::perms::owner_read);
    expect_refused("denied");
    fs::permissions(options.data, fs::perms::owner_all);
  }
}

TEST_F(LeatdTest, APortInUseIsNamed) {
  Daemon first(options);
  const Finished second = run_leatd(
      {"--data", scratch("other").string(), "--listen", "127.0.0.1:" + std::to_string(first.port())}, options.environment);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, AllOf(HasSubstr("127.0.0.1:" + std::to_string(first.port())), HasSubstr("in use")));
}

TEST_F(LeatdTest, OtherMachinesAreKeptOutUnlessToldOtherwise) {
  const Finished refused = run_leatd({"--data", options.data.string(), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("insecure_anonymous"));
  EXPECT_FALSE(fs::exists(options.data));
  const Finished allowed =
      run_leatd({"--data", options.data.string(), "--listen", "0.0.0.0:0", "--check-config"}, {"LEAT_INSECURE_ANONYMOUS=true"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
}

TEST_F(LeatdTest, ABadConfigurationIsAUsageError) {
  const auto with_config = [this](const std::string& text) {
    std::ofstream(scratch("leat.toml")) << text;
    return run_leatd({"--config", scratch("leat.toml").string(), "--data", options.data.string(), "--check-config"});
  };
  const Finished unknown = with_config("[limits]\nconections_max = 5\n");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, AllOf(HasSubstr("conections_max"), HasSubstr("connections_max"), HasSubstr("leat.toml")));
  const Finished half = with_config("data_dir = \"x\"\n[limits]\nconnections_ma");
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.output, HasSubstr("leat.toml"));
  EXPECT_EQ(with_config("[limits]\nconnections_max = 5\n").exit_code, 0);
  EXPECT_EQ(run_leatd({"--config", scratch("nowhere.toml").string()}).exit_code, 2);
  EXPECT_EQ(run_leatd({"--colour"}).exit_code, 2);
  EXPECT_EQ(run_leatd({"--listen", "nonsense"}).exit_code, 2);
  EXPECT_EQ(run_leatd({"--check-config"}, {"LEAT_LIMITS_CONNECTIONS_MAX=many"}).exit_code, 2);
  EXPECT_EQ(run_leatd({"--check-config"}, {"LEAT_STORAGE_JOURNAL_FILE_BYTES=1MiB"}).exit_code, 2) << "no group fits";
  EXPECT_FALSE(fs::exists(options.data)) << "checking makes nothing";
}

TEST_F(LeatdTest, TellsItsVersion) {
  const Finished version = run_leatd({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, HasSubstr("leatd "));
}

/// What a service manager listens on.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : path_(path), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~NotifySocket() { ::close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  std::string next() const {
    char text[512];
    const ssize_t got = ::recv(socket_, text, sizeof text, 0);
    return got < 0 ? "nothing came" : std::string(text, static_cast<std::size_t>(got));
  }
  [[nodiscard]] std::string variable() const { return "NOTIFY_SOCKET=" + path_; }

 private:
  const std::string path_;
  const int socket_;
};

TEST_F(LeatdTest, TellsTheServiceManagerWhenItIsReadyAndWhenItStops) {
  const NotifySocket manager(scratch("notify").string());
  options.environment.push_back(manager.variable());
  Daemon daemon(options);
  EXPECT_THAT(manager.next(), HasSubstr("READY=1"));
  EXPECT_EQ(run_leat(daemon, {"topic", "list"}).exit_code, 0);
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(manager.next(), "STOPPING=1");
  EXPECT_EQ(daemon.process().wait_for_exit(), 0);
}

TEST_F(LeatdTest, FeedsTheWatchdog) {
  const NotifySocket manager(scratch("notify").string());
  options.environment.insert(options.environment.end(), {manager.variable(), "WATCHDOG_USEC=20000"});
  Daemon daemon(options);
  EXPECT_THAT(manager.next(), HasSubstr("READY=1"));
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
}

TEST_F(LeatdTest, SighupOpensTheLogAnew) {
  const NotifySocket manager(scratch("notify").string());
  options.environment.insert(options.environment.end(), {manager.variable(), "LEAT_LOG_FILE=" + scratch("leat.log").string()});
  Process process({LEATD_PROGRAM, "--data", options.data.string(), "--listen", "127.0.0.1:0"}, options.environment);
  ASSERT_THAT(manager.next(), HasSubstr("READY=1"));
  fs::rename(scratch("leat.log"), scratch("leat.log.1"));
  process.signal(SIGHUP);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait_for_exit(), 0);
  EXPECT_THAT(contents_of(scratch("leat.log.1")), AllOf(HasSubstr("listening"), Not(HasSubstr("stopped"))));
  EXPECT_THAT(contents_of(scratch("leat.log")), AllOf(HasSubstr("stopped"), Not(HasSubstr("listening"))));
}

}  // namespace
}  // namespace leat::system_test
