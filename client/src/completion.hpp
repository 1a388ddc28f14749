#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/system_executor.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "client/src/executor_gate.hpp"
#include "leat/async.hpp"

namespace leat::client {

/// A user's handler while its operation goes on. It counts as work on the handler's executor, so that an io_context does not run
/// dry under a coroutine that waits for another thread, and it is only ever run by post(): never within our own code. One of
/// these has to be completed; the handler is destroyed uncalled otherwise.
template <class T>
class Completion {
 public:
  /// Handlers without an executor of their own run on the gate's.
  Completion(Handler<T> handler, std::shared_ptr<ExecutorGate> gate)
      : gate_(std::move(gate)),
        executor_(asio::prefer(asio::get_associated_executor(handler, asio::any_completion_executor(gate_->handlers())),
                               asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)) {}

  // Moved into place rather than assigned: in Boost 1.81 assigning an any_completion_handler recurses without end.
  Completion(Completion&&) noexcept = default;
  Completion& operator=(Completion&&) = delete;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() = default;

  /// Calls `cancel` (any thread may be the one) when the user cancels. To be set before the operation is started.
  template <class Cancel>
  void on_cancel(Cancel cancel) {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    slot.assign([cancel = std::move(cancel)](asio::cancellation_type type) mutable {
      if (type != asio::cancellation_type::none) cancel();
    });
  }

  /// Has the handler called with the result. The operation is over. When the client is gone nobody runs its executor any more:
  /// then this call does it, on the handler's own executor where it has one.
  void post(Result<T> result) {
    const auto gate = gate_;  // the executors have to outlive the call
    Call call{std::move(executor_), std::move(handler_), std::move(result)};
    if (gate->post_handler(std::move(call))) return;
    // NOLINTBEGIN(bugprone-use-after-move): a gate that is shut takes nothing
    call.executor = asio::get_associated_executor(call.handler, asio::any_completion_executor(asio::system_executor()));
    call();
    // NOLINTEND(bugprone-use-after-move)
  }

 private:
  struct Call {
    asio::any_completion_executor executor;
    Handler<T> handler;
    Result<T> result;

    void operator()() {
      const auto on = std::move(executor);
      asio::dispatch(on, [handler = std::move(handler), result = std::move(result)]() mutable {
        // Cancellation is signalled from where the handler runs, so this is the place where it cannot come at the same time.
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
        std::move(handler)(std::move(result));
      });
    }
  };

  std::shared_ptr<ExecutorGate> gate_;  // the first, so that the executor never outlives what it runs on
  asio::any_completion_executor executor_;
  Handler<T> handler_;
};

/// Starts an operation and blocks until its handler is called; Errc::closed if it is dropped instead, as when the executor
/// is destroyed.
template <class T, class Start>
Result<T> wait_for(Start&& start) {
  struct State {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<Result<T>> result;

    void complete(Result<T> with) {
      const std::lock_guard lock(mutex);
      if (result) return;
      result.emplace(std::move(with));
      done.notify_all();
    }
  };
  struct Waiter {
    // Wherever it is called: it only hands the result over.
    using executor_type = asio::system_executor;
    executor_type get_executor() const noexcept { return {}; }

    std::shared_ptr<State> state;
    explicit Waiter(std::shared_ptr<State> s) : state(std::move(s)) {}
    Waiter(Waiter&&) noexcept = default;
    Waiter& operator=(Waiter&&) noexcept = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
      if (state) state->complete(Error(Errc::closed, "the client's executor is gone"));
    }
    void operator()(Result<T> result) { state->complete(std::move(result)); }
  };

  auto state = std::make_shared<State>();
  std::forward<Start>(start)(Handler<T>(Waiter(state)));
  std::unique_lock lock(state->mutex);
  state->done.wait(lock, [&] { return state->result.has_value(); });
  return std::move(*state->result);
}

}  // namespace leat::client
