#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <utility>

namespace leat::tool {

/// Ticks at an interval that the kernel keeps: a timer that is set anew each time takes longer to set than a record to send. One
/// thread, that of the io_context.
class Ticker {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Ticker(boost::asio::io_context& io);

  /// From `first` on; also to put right what an interval of whole nanoseconds gets wrong in the long run.
  void set(TimePoint first, std::chrono::nanoseconds interval);

  /// Calls the handler at the next tick, however many have passed since the last call; never when the ticker goes first.
  template <class Handler>
  void async_wait(Handler handler) {
    descriptor_.async_read_some(boost::asio::buffer(&passed_, sizeof passed_),
                                [handler = std::move(handler)](const boost::system::error_code& problem, std::size_t) mutable {
                                  if (!problem) handler();
                                });
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
  std::uint64_t passed_ = 0;
};

}  // namespace leat::tool
