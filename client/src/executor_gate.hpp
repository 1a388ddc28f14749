#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace leat::client {

namespace asio = boost::asio;

/// Where a client's work runs, for as long as anything of the client exists: a producer may outlive its Client, whose thread is
/// gone by then. Once shut nothing is queued any more, as nobody would ever run it. Any thread.
class ExecutorGate {
 public:
  struct Executors {
    asio::any_io_executor own;       ///< runs one handler at a time
    asio::any_io_executor handlers;  ///< where the user's handlers run that have no executor of their own
    std::function<bool()> on_own_thread;
    std::shared_ptr<void> context;  ///< what has to stay alive for the executors, if that is ours to see to
  };
  explicit ExecutorGate(Executors executors) : executors_(std::move(executors)) {}

  [[nodiscard]] const asio::any_io_executor& own() const { return executors_.own; }
  [[nodiscard]] const asio::any_io_executor& handlers() const { return executors_.handlers; }
  [[nodiscard]] bool on_own_thread() const { return executors_.on_own_thread(); }

  /// False, and the function as it was, when it is too late.
  template <class Function>
  bool post(Function&& function) {
    return post_to(executors_.own, std::forward<Function>(function));
  }
  template <class Function>
  bool post_handler(Function&& function) {
    return post_to(executors_.handlers, std::forward<Function>(function));
  }
  /// Runs the function within the call where that is the client's own thread.
  template <class Function>
  bool dispatch(Function&& function) {
    if (!on_own_thread()) return post(std::forward<Function>(function));
    std::forward<Function>(function)();
    return true;
  }
  void shut() {
    const std::lock_guard lock(mutex_);
    shut_ = true;
  }

 private:
  template <class Function>
  bool post_to(const asio::any_io_executor& executor, Function&& function) {
    const std::lock_guard lock(mutex_);
    // What is posted from within is run by the thread before it ends.
    if (shut_ && !executors_.on_own_thread()) return false;
    asio::post(executor, std::forward<Function>(function));
    return true;
  }

  const Executors executors_;
  std::mutex mutex_;
  bool shut_ = false;
};

}  // namespace leat::client
