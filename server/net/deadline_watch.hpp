#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

namespace leat::server {

/// One timer for several deadlines of one owner that move on all the time: it is armed for the earliest and looks again when it
/// fires, so that moving one costs no timer. One thread.
class DeadlineWatch {
 public:
  using Time = boost::asio::steady_timer::time_point;
  static constexpr Time kNever = Time::max();

  explicit DeadlineWatch(boost::asio::io_context& io) : timer_(io) {}

  /// `earliest` says the next deadline, `passed` is called when it is over. Neither is called once the owner is gone.
  void start(std::weak_ptr<void> owner, std::function<Time()> earliest, std::function<void()> passed);
  /// To be called when a deadline was set.
  void look();
  void stop();

 private:
  boost::asio::steady_timer timer_;
  std::weak_ptr<void> owner_;
  std::function<Time()> earliest_;
  std::function<void()> passed_;
  Time armed_for_ = kNever;
};

}  // namespace leat::server
