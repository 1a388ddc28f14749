#include "server/net/service_notify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "server/scratch_directory.hpp"

namespace leat::server {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::MatchesRegex;

/// The service manager's end: a datagram socket at a path, or at "@NAME" in the abstract namespace.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& address) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::memcpy(own.sun_path, address.data(), address.size());
    if (address[0] == '@') own.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&own), length), 0) << std::strerror(errno);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { ::close(fd_); }

  /// The next datagram; it has been sent by then, or it never was.
  [[nodiscard]] std::string received() const {
    char text[4096];
    const ssize_t size = ::recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

class ServiceNotifyTest : public testing::Test {
 protected:
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }
  static void forget() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }

  ScratchDirectory directory_;
  std::string path_ = directory_ / "notify";
};

TEST_F(ServiceNotifyTest, EachStateIsADatagram) {
  const NotifySocket manager(path_);
  const ServiceNotify notify(path_);
  ASSERT_TRUE(notify.ready().has_value());
  EXPECT_EQ(manager.received(), "READY=1");
  ASSERT_TRUE(notify.ready("listening on 127.0.0.1:7420").has_value());
  EXPECT_EQ(manager.received(), "READY=1\nSTATUS=listening on 127.0.0.1:7420");
  ASSERT_TRUE(notify.reloading().has_value());
  EXPECT_THAT(manager.received(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  ASSERT_TRUE(notify.watchdog().has_value());
  EXPECT_EQ(manager.received(), "WATCHDOG=1");
  ASSERT_TRUE(notify.stopping().has_value());
  EXPECT_EQ(manager.received(), "STOPPING=1");
  EXPECT_EQ(manager.received(), "nothing");
}

TEST_F(ServiceNotifyTest, AStatusStaysOneLine) {
  const NotifySocket manager(path_);
  ASSERT_TRUE(ServiceNotify(path_).status("3 topics\nREADY=1").has_value());
  EXPECT_EQ(manager.received(), "STATUS=3 topics READY=1");
}

TEST_F(ServiceNotifyTest, AbstractSocketsWorkToo) {
  const std::string address = "@leat-test-" + std::to_string(::getpid());
  const NotifySocket manager(address);
  ASSERT_TRUE(ServiceNotify(address).ready().has_value());
  EXPECT_EQ(manager.received(), "READY=1");
}

TEST_F(ServiceNotifyTest, TheEnvironmentNamesTheSocket) {
  const NotifySocket manager(path_);
  set("NOTIFY_SOCKET", path_);
  ASSERT_TRUE(ServiceNotify::from_environment().ready().has_value());
  EXPECT_EQ(manager.received(), "READY=1");
}

TEST_F(ServiceNotifyTest, WithoutAServiceManagerNothingHappens) {
  const ServiceNotify notify = ServiceNotify::from_environment();
  EXPECT_FALSE(notify.is_active());
  EXPECT_TRUE(notify.ready().has_value());
  EXPECT_EQ(notify.watchdog_interval(), std::nullopt);
}

TEST_F(ServiceNotifyTest, AManagerThatIsGoneIsAnError) {
  const auto sent = ServiceNotify(path_).ready();
  ASSERT_TRUE(sent.has_error());
  EXPECT_EQ(sent.error().code, Errc::io_error);
  EXPECT_THAT(sent.error().context, HasSubstr(path_));
}

TEST_F(ServiceNotifyTest, AnAddressThatIsTooLongIsAnError) {
  EXPECT_THAT(ServiceNotify("/" + std::string(200, 'x')).ready().error().context, HasSubstr("too long"));
}

TEST_F(ServiceNotifyTest, TheWatchdogIsFedTwiceAPeriodWhenItWatchesThisProcess) {
  set("NOTIFY_SOCKET", path_);
  set("WATCHDOG_USEC", "3000000");
  EXPECT_EQ(ServiceNotify::from_environment().watchdog_interval(), microseconds(1'500'000));
  set("WATCHDOG_PID", std::to_string(::getpid()));
  EXPECT_EQ(ServiceNotify::from_environment().watchdog_interval(), microseconds(1'500'000));
  set("WATCHDOG_PID", "1");
  EXPECT_EQ(ServiceNotify::from_environment().watchdog_interval(), std::nullopt);
}

TEST_F(ServiceNotifyTest, AWatchdogThatIsNoPeriodIsIgnored) {
  set("NOTIFY_SOCKET", path_);
  for (const char* value : {"", "0", "-5", "soon", "5s"}) {
    set("WATCHDOG_USEC", value);
    EXPECT_EQ(ServiceNotify::from_environment().watchdog_interval(), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace leat::server
