#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace leat::tool {

/// Buffered writing to a file descriptor, which it does not own: formatters append to buffer(), large writes go out when it is
/// full. A reader that goes away (the pipe's other end is closed, as by `| head`) has had enough, which is no error: what comes
/// after that is dropped. The process has to ignore SIGPIPE. One thread. What is not flushed when the object goes is lost.
class Output {
 public:
  explicit Output(int fd);

  [[nodiscard]] std::string& buffer() { return buffer_; }

  /// Writes when enough has gathered. To be called after each record.
  Result<void> flush_when_full() { return buffer_.size() < kFullBytes ? ok() : flush(); }

  /// Writes everything. Errc::io_error when writing fails.
  Result<void> flush();

  [[nodiscard]] bool reader_gone() const { return reader_gone_; }

 private:
  static constexpr std::size_t kFullBytes = std::size_t{128} << 10;

  int fd_;
  std::string buffer_;
  bool reader_gone_ = false;
};

}  // namespace leat::tool
