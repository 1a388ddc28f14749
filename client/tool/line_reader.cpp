#include "client/tool/line_reader.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace leat::tool {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

Error input_failed() { return Error(Errc::io_error, std::string("cannot read the input: ") + std::strerror(errno)); }

}  // namespace

Result<std::size_t> DescriptorSource::read(MutableByteSpan into) {
  while (true) {
    std::array<pollfd, 2> ready{pollfd{stop_fd_, POLLIN, 0}, pollfd{fd_, POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return input_failed();
    }
    if (ready[0].revents != 0) return Error(Errc::cancelled, "stopped reading");
    const ssize_t got = ::read(fd_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return input_failed();
  }
}

LineReader::LineReader(ByteSource& source, std::size_t line_bytes_max)
    : source_(source),
      line_bytes_max_(line_bytes_max),
      // Uninitialised on purpose: what a short input does not use stays untouched.
      capacity_(line_bytes_max + 1 + kReadBytes),
      buffer_(new char[capacity_]) {}

Result<std::optional<std::string_view>> LineReader::next() {
  while (true) {
    if (const void* found = std::memchr(buffer_.get() + scanned_, '\n', end_ - scanned_)) {
      return take_line(static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.get()) - begin_, 1);
    }
    scanned_ = end_;
    const std::size_t pending = end_ - begin_;
    if (pending > line_bytes_max_ || (at_end_ && pending > 0)) return take_line(pending, 0);
    if (at_end_) return std::optional<std::string_view>();
    LEAT_TRY(refill());
  }
}

Result<void> LineReader::refill() {
  if (begin_ == end_) {
    begin_ = scanned_ = end_ = 0;
  } else if (capacity_ - end_ < kReadBytes) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  LEAT_ASSIGN(const std::size_t got,
              source_.read(MutableByteSpan(reinterpret_cast<std::byte*>(buffer_.get()) + end_, kReadBytes)));
  end_ += got;
  at_end_ = got == 0;
  return ok();
}

Result<std::optional<std::string_view>> LineReader::take_line(std::size_t length, std::size_t separator) {
  ++line_number_;
  if (length > line_bytes_max_) {
    return Error(Errc::invalid_argument, "line " + std::to_string(line_number_) + " of the input is longer than " +
                                             std::to_string(line_bytes_max_) + " bytes, the largest record");
  }
  const std::string_view line(buffer_.get() + begin_, length);
  begin_ += length + separator;
  scanned_ = begin_;
  return std::optional<std::string_view>(line);
}

}  // namespace leat::tool
