#include "server/config/logging.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>

namespace leat::server::log {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%fZ %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ",%v})";

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format) {
  const char* const pattern = format == LogFormat::json ? kJsonPattern : kTextPattern;
  return std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc);
}

Result<int> open_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd >= 0) return fd;
  return Error(Errc::io_error, fmt::format("cannot open the log file {}: {}", path, std::generic_category().message(errno)));
}

/// Appends each line with one write to a file or to standard error. spdlog's own file sink cannot open its file anew.
class AppendSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  AppendSink() = default;
  AppendSink(const AppendSink&) = delete;
  AppendSink& operator=(const AppendSink&) = delete;
  ~AppendSink() override { close_file(); }

  /// An empty path is standard error. On failure nothing changes.
  Result<void> redirect(const std::string& path) {
    int fd = STDERR_FILENO;
    if (!path.empty()) {
      LEAT_ASSIGN(fd, open_file(path));
    }
    const std::lock_guard lock(mutex_);
    close_file();
    fd_ = fd;
    path_ = path;
    return ok();
  }

  Result<void> reopen() {
    std::string path;
    {
      const std::lock_guard lock(mutex_);
      path = path_;
    }
    return redirect(path);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string_view rest(line.data(), line.size());
    while (!rest.empty()) {
      const ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void flush_() override {}

 private:
  void close_file() {
    if (fd_ != STDERR_FILENO) ::close(fd_);
  }

  int fd_ = STDERR_FILENO;
  std::string path_;
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      break;
  }
  return "off";
}

struct Log {
  std::shared_ptr<AppendSink> sink = std::make_shared<AppendSink>();
  spdlog::logger logger{"leatd", sink};
  std::atomic<LogFormat> format{LogFormat::text};

  Log() {
    logger.set_level(spdlog::level::info);
    // The default handler would write to standard error in a format of its own.
    logger.set_error_handler([](const std::string&) {});
    sink->set_formatter(make_formatter(LogFormat::text));
  }
};

/// Never destroyed, so that other statics' destructors may still log.
Log& the_log() {
  static Log& log = *new Log;
  return log;
}

}  // namespace

Result<void> open(const LogConfig& config) {
  Log& log = the_log();
  LEAT_TRY(log.sink->redirect(config.file));
  log.sink->set_formatter(make_formatter(config.format));
  log.format = config.format;
  log.logger.set_level(to_spdlog(config.level));
  return ok();
}

Result<void> reopen() { return the_log().sink->reopen(); }

bool enabled(LogLevel level) noexcept { return level != LogLevel::off && the_log().logger.should_log(to_spdlog(level)); }

void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  Log& log = the_log();
  const std::span<const Field> all(fields.begin(), fields.size());
  const std::string line =
      log.format == LogFormat::json ? json_members(name_of(level), event, all) : text_line(name_of(level), event, all);
  log.logger.log(to_spdlog(level), spdlog::string_view_t(line));
}

}  // namespace leat::server::log
