#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>

namespace leat::client {

/// Calls a member of the object it is part of at the earliest of the times asked for since it last did. The executor of that
/// object only.
class Alarm {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Alarm(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  /// Rings once, unless the owner is gone by then.
  template <class Owner>
  void ring_at(TimePoint at, std::weak_ptr<Owner> owner, void (Owner::*ring)()) {
    if (due_ && *due_ <= at) return;
    due_ = at;
    timer_.expires_at(at);
    timer_.async_wait([this, owner = std::move(owner), ring](const boost::system::error_code& problem) {
      const auto alive = owner.lock();
      if (problem || !alive || !due_) return;
      due_.reset();
      ((*alive).*ring)();
    });
  }
  void cancel() {
    due_.reset();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> due_;
};

}  // namespace leat::client
