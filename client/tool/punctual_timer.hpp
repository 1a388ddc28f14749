#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <utility>

namespace leat::tool {

/// A timer of its own descriptor, for a timetable kept to the microsecond: between its expiry and the handler is one return of
/// epoll_wait, where Asio's sets the kernel's timer anew first. One thread, that of the io_context.
class PunctualTimer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit PunctualTimer(boost::asio::io_context& io);

  /// Calls the handler at that time, at once if it has passed; never when the timer goes first.
  template <class Handler>
  void async_wait_until(TimePoint time, Handler handler) {
    set(time);
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [handler = std::move(handler)](const boost::system::error_code& problem) mutable {
                             if (!problem) handler();
                           });
  }

 private:
  void set(TimePoint time);

  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace leat::tool
