#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/peer.hpp"

namespace leat::load {

/// A TCP connection with a buffer each way, for the protocols that are spoken directly: nothing blocks unless it says so. Owns
/// its socket. One thread. Fails with connection_failed, connection_lost, timed_out.
class Wire {
 public:
  static Result<std::unique_ptr<Wire>> connect(const Address& address);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  /// What is appended goes out with write_some().
  [[nodiscard]] std::string& out() { return out_; }
  [[nodiscard]] std::size_t pending() const { return out_.size() - written_; }
  /// As much as the socket takes now.
  Result<void> write_some();

  /// What has arrived and is not consumed.
  [[nodiscard]] ByteSpan received() const { return ByteSpan(in_).subspan(in_begin_, in_end_ - in_begin_); }
  void consume(std::size_t bytes) { in_begin_ += bytes; }
  /// One read. False: nothing is there.
  Result<bool> read_some();

  /// Blocks until something arrives, the socket takes some of what is pending, or the deadline.
  Result<void> wait(Time deadline) { return wait_for(pending() > 0, deadline); }
  Result<void> wait_readable(Time deadline) { return wait_for(false, deadline); }
  /// The same for a request that has to be answered: timed_out when the deadline passes.
  Result<void> wait_for_answer(Time deadline);

 private:
  explicit Wire(int fd) : fd_(fd), in_(kFirstReadBytes) {}
  void make_room();
  Result<void> wait_for(bool writable_too, Time deadline);

  static constexpr std::size_t kFirstReadBytes = std::size_t{16} << 10;
  static constexpr std::size_t kReadBytesMax = std::size_t{256} << 10;

  const int fd_;
  std::string out_;
  std::size_t written_ = 0;
  std::vector<std::byte> in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
};

/// The deadline of requests that are not measured.
Time answer_deadline();

}  // namespace leat::load
