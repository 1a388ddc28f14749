#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"

namespace leat::tool {

/// Where a LineReader gets its bytes: the seam that lets tests hand them out in any pieces.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Waits for at least one byte and returns how many were put into `into`; 0 at the end.
  virtual Result<std::size_t> read(MutableByteSpan into) = 0;
};

/// Reads a file descriptor, which it does not own, until its end. Fails with Errc::cancelled as soon as `stop_fd` is readable: a
/// line that has not been read to its end by then is not handed out.
class DescriptorSource final : public ByteSource {
 public:
  DescriptorSource(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {}
  Result<std::size_t> read(MutableByteSpan into) override;

 private:
  int fd_;
  int stop_fd_;
};

/// Splits a stream into lines. Only "\n" ends a line; everything else, NUL and a "\r" before it included, belongs to the line. A
/// last line without "\n" counts, nothing after the last "\n" does not. Reads a mebibyte at a time, holds at most that and one
/// line. One thread.
class LineReader {
 public:
  /// Lines of more than `line_bytes_max` bytes are an error.
  LineReader(ByteSource& source, std::size_t line_bytes_max);

  /// The next line without its "\n", valid until the next call; nothing at the end. After an error the reader is of no more use.
  Result<std::optional<std::string_view>> next();

  /// The number of the line that next() returned last, from 1.
  [[nodiscard]] std::size_t line_number() const { return line_number_; }

 private:
  Result<void> refill();
  Result<std::optional<std::string_view>> take_line(std::size_t length, std::size_t separator);

  ByteSource& source_;
  const std::size_t line_bytes_max_;
  const std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;    ///< of the bytes not yet returned
  std::size_t scanned_ = 0;  ///< up to here there is no "\n" after begin_
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::size_t line_number_ = 0;
};

}  // namespace leat::tool
