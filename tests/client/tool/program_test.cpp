#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

namespace leat::tool {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

std::string read_all(std::FILE* file) {
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Runs the program itself as a shell would; `arguments` are the shell's, so quotes work.
Ran leat(const std::string& arguments) {
  const File out(std::tmpfile());
  const File err(std::tmpfile());
  const std::string command = "unset LEAT_SERVER LEAT_OUTPUT; exec '" LEAT_PROGRAM "' " + arguments;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::fileno(out.get()), STDOUT_FILENO);
    ::dup2(::fileno(err.get()), STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  return {WEXITSTATUS(status), read_all(out.get()), read_all(err.get())};
}

/// A port of this machine that is taken and that nobody listens on, so that connecting to it is refused.
class DeadPort {
 public:
  DeadPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address_;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address_), length), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &length), 0);
  }
  ~DeadPort() { ::close(socket_); }
  DeadPort(const DeadPort&) = delete;
  DeadPort& operator=(const DeadPort&) = delete;

  [[nodiscard]] std::string flag() const { return "--server leat://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + " "; }

 private:
  int socket_;
  sockaddr_in address_{};
};

bool is_one_line(const std::string& text) { return text.find('\n') == text.size() - 1; }

TEST(LeatProgram, MisuseIsExitCode2WithOneLineOnStandardError) {
  for (const char* arguments : {"", "frobnicate", "pub", "sub t sideways", "topic create", "bench all t", "-o yaml topic list"}) {
    const Ran ran = leat(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments;
    EXPECT_EQ(ran.out, "") << arguments;
    EXPECT_THAT(ran.err, StartsWith("leat: ")) << arguments;
    EXPECT_TRUE(is_one_line(ran.err)) << ran.err;
  }
}

TEST(LeatProgram, NobodyListeningIsExitCode3WithAHint) {
  const DeadPort port;
  for (const char* command : {"topic list", "topic create t", "pub t m", "sub t", "bench pub t", "bench sub t", "bench e2e t"}) {
    const Ran ran = leat(port.flag() + command);
    EXPECT_EQ(ran.exit_code, 3) << command;
    EXPECT_EQ(ran.out, "") << command;
    EXPECT_THAT(ran.err, StartsWith("leat: ")) << command;
    EXPECT_THAT(ran.err, HasSubstr("is leatd running? start it with: leatd")) << command;
    EXPECT_TRUE(is_one_line(ran.err)) << ran.err;
  }
}

TEST(LeatProgram, OutputThatCannotBeWrittenIsExitCode1) {
  for (const char* arguments : {"--help >/dev/full", "sub --help >/dev/full", "--version >/dev/full", "--version >&-"}) {
    const Ran ran = leat(arguments);
    EXPECT_EQ(ran.exit_code, 1) << arguments;
    EXPECT_THAT(ran.err, HasSubstr("cannot write the output")) << arguments;
    EXPECT_TRUE(is_one_line(ran.err)) << ran.err;
  }
}

TEST(LeatProgram, AReaderThatHasHadEnoughIsNoError) {
  constexpr int kNobodyReads = 9;  // the shell takes one digit
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  ASSERT_EQ(::dup2(ends[1], kNobodyReads), kNobodyReads);
  const Ran ran = leat("--help >&9");
  ::close(ends[1]);
  ::close(kNobodyReads);
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
}

TEST(LeatProgram, HelpAndVersionGoToStandardOutput) {
  EXPECT_THAT(leat("--version").out, StartsWith("leat "));
  const Ran help = leat("pub --help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("leat pub TOPIC"));
  EXPECT_EQ(help.err, "");
}

}  // namespace
}  // namespace leat::tool
