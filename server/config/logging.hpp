#pragma once

#include <initializer_list>
#include <string_view>

#include "protocol/base/result.hpp"
#include "server/config/log_line.hpp"
#include "server/config/server_config.hpp"

/// The daemon's log: one line an event, a name and fields. One a process; until open() it writes text to standard error.
/// Any thread may log at any time; a line is one write and is never mixed with another. A line that cannot be written (disk full)
/// is lost and never fails the caller.
///
///     log::info("listening", {{"address", "127.0.0.1:7420"}, {"threads", 2}});
namespace leat::server::log {

/// Level, format and destination from now on. io_error when the file cannot be opened; the log then stays as it was. Called
/// before other threads log.
Result<void> open(const LogConfig& config);

/// Opens the log file anew under its name, after it was renamed by a rotation; any thread. io_error when that fails: the old file
/// goes on being written. Does nothing when the log goes to standard error.
Result<void> reopen();

/// True when a line of this level is written: ask before computing costly fields.
bool enabled(LogLevel level) noexcept;

void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields);

inline void trace(std::string_view event, std::initializer_list<Field> fields = {}) { write(LogLevel::trace, event, fields); }
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(LogLevel::debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(LogLevel::info, event, fields); }
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) { write(LogLevel::warn, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(LogLevel::error, event, fields); }

}  // namespace leat::server::log
