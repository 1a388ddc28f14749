#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "protocol/base/standard_descriptors.hpp"
#include "server/config/config_text.hpp"
#include "server/config/load_config.hpp"
#include "server/config/logging.hpp"
#include "server/net/service_notify.hpp"
#include "server/server.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct CommandLine {
  ConfigSources sources;
  bool check_config = false;
  bool print_config = false;
};

/// A connection is a file descriptor, and so is every segment in use.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("file descriptor limit stays low");
}

/// What large blocks took goes back to the system when they are freed. Left to itself, glibc keeps them once a few were freed, in
/// an arena of each of many threads, so that several peaks add up; blocks that matter for speed are recycled by ourselves.
void return_freed_memory() {
#ifdef M_ARENA_MAX
  constexpr int kMappedBytesMin = 128 << 10;
  constexpr int kArenasMax = 2;
  ::mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
  ::mallopt(M_ARENA_MAX, kArenasMax);
#endif
}

/// Signals arrive at the main thread as values, at no other thread.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error of the write
  }
  ~Signals() { ::close(descriptor_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next signal, or 0 when the time has passed first.
  int next(int timeout_ms) const {
    pollfd wanted{descriptor_, POLLIN, 0};
    signalfd_siginfo info{};
    if (::poll(&wanted, 1, timeout_ms) <= 0 || ::read(descriptor_, &info, sizeof info) != sizeof info) return 0;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  int descriptor_;
};

int fail(const Error& error) {
  std::fprintf(stderr, "leatd: %s\n", error.message().c_str());
  return kExitFailed;
}

/// What was asked for instead of a broker. A reader that goes away has had enough, which is no error.
int print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  if (errno == EPIPE) return 0;
  return fail(Error(Errc::io_error, std::string("cannot write the output: ").append(std::strerror(errno))));
}

void note(const char* what, const Result<void>& result) {
  if (result.has_error()) log::warn(what, {{"error", result.error().message()}});
}

/// Without memory nothing can be said in an orderly way, and nothing needs to be: what was acknowledged is on the disk, and the
/// next start recovers as after a crash.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kLastWords = "leatd: out of memory\n";
  [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, kLastWords.data(), kLastWords.size());
  std::_Exit(kExitFailed);
}

/// Nobody catches what is thrown for want of memory or threads, on whichever thread: it ends here without unwinding, which could
/// wait for threads that were started already.
[[noreturn]] void end_by_exception() {
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    end_without_memory();
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "leatd: %s\n", error.what());
    if (error.code() == std::errc::resource_unavailable_try_again) std::_Exit(kExitFailed);
  } catch (const boost::system::system_error& error) {
    std::fprintf(stderr, "leatd: %s\n", error.what());
    if (error.code() == std::errc::resource_unavailable_try_again) std::_Exit(kExitFailed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "leatd: %s\n", error.what());
  } catch (...) {
    std::fputs("leatd: unknown exception\n", stderr);
  }
  std::abort();
}

int run(const ServerConfig& config, const Signals& signals) {
  if (const auto opened = log::open(config.log); opened.has_error()) return fail(opened.error());
  raise_descriptor_limit();
  const ServiceNotify service = ServiceNotify::from_environment();
  log::info("starting", {{"version", std::string(kVersion)}, {"pid", ::getpid()}});
  auto server = Server::start(config);
  if (server.has_error()) return fail(server.error());
  note("service manager", service.ready());
  const auto watchdog = service.watchdog_interval();
  const int timeout_ms = watchdog ? static_cast<int>(watchdog->count() / 1000) : -1;
  while (true) {
    const int signal = signals.next(timeout_ms);
    if (signal == SIGHUP) {
      note("log file", log::reopen());
      log::info("log reopened");
    } else if (signal != 0) {
      log::info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      break;
    }
    if (watchdog) note("service manager", service.watchdog());
  }
  note("service manager", service.stopping());
  const auto stopped = (*server)->stop();
  if (stopped.has_error()) {
    log::error("stopped, not cleanly", {{"error", stopped.error().message()}});
    return kExitFailed;
  }
  log::info("stopped");
  return 0;
}

void declare(CLI::App& app, CommandLine& line) {
  const auto setting = [&app, &line](const std::string& flag, const std::string& path, const std::string& help) {
    app.add_option_function<std::string>(
           flag,
           [&line, flag, path](const std::string& value) {
             line.sources.flags.push_back({path, value, flag});
           },
           help)
        ->type_name(flag == "--data" ? "DIR" : "HOST:PORT");
  };
  app.set_version_flag("--version", "leatd " + std::string(kVersion));
  app.add_option_function<std::string>(
         "--config", [&line](const std::string& path) { line.sources.file_path = path; }, "TOML configuration file")
      ->type_name("FILE");
  setting("--data", "data_dir", "Data directory (default ./leat-data)");
  setting("--listen", "listen.native", "Where clients connect (default 127.0.0.1:7420)");
  setting("--http", "listen.http", "HTTP, WebSocket and the console, or off (default 127.0.0.1:7421)");
  app.add_flag("--check-config", line.check_config, "Check the configuration, print what is wrong with it, and exit");
  app.add_flag("--print-config", line.print_config, "Print the effective configuration as TOML, and exit");
  app.footer(
      "Settings come from the flags, then LEAT_* variables (LEAT_LISTEN_NATIVE for listen.native), then the file, then the\n"
      "defaults. SIGTERM stops in an orderly way, SIGHUP opens the log file anew.\n"
      "Exit codes: 0 stopped in an orderly way, 1 could not start or stop, 2 usage.");
}

}  // namespace
}  // namespace leat::server

int main(int argc, char** argv) {
  using namespace leat::server;
  leat::reserve_standard_descriptors();
  return_freed_memory();
  std::set_new_handler(end_without_memory);
  std::set_terminate(end_by_exception);
  const Signals signals;  // one that comes while it starts is an orderly stop, too
  CLI::App app("leatd, the leat event broker: a durable, partitioned log that services publish to and subscribe from.", "leatd");
  CommandLine line;
  declare(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream asked_for;
    return app.exit(error, asked_for, std::cerr) == 0 ? print(asked_for.str()) : kExitUsage;
  }
  line.sources.environment = process_environment();
  const auto config = load_config(line.sources);
  if (config.has_error()) {
    std::fprintf(stderr, "leatd: %s\n", config.error().context.c_str());
    return kExitUsage;
  }
  if (line.print_config) return print(to_toml(*config));
  if (line.check_config) return print("configuration is valid\n");
  return run(*config, signals);
}
