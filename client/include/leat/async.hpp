#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <concepts>
#include <memory>
#include <utility>

#include "protocol/base/result.hpp"

/// How the SDK's asynchronous functions complete. Every `async_x(..., token)` takes any completion token (a callback,
/// asio::use_future, asio::use_awaitable, asio::deferred...) and has a blocking twin `x(...)`.
///
/// They complete with `void(Result<T>)`, one argument, rather than Asio's customary `void(error_code, T)`: an error_code cannot
/// say *which* topic was unknown or what the broker answered, and the one error model of leat does. So `co_await` yields a
/// Result<T>, and nothing throws unless you call `.value()` on an error.
///
/// A handler runs on the executor associated with it; without one, on the client's (its own thread, or the caller's executor),
/// never within the call that started the operation; but once a Client with a thread of its own is gone
/// that call itself completes it, with Errc::closed (on a caller's executor it is posted there as ever). Operations honour
/// terminal, partial and total cancellation where there is something to cancel and then complete with Errc::cancelled; a request
/// that was already sent may still take effect.
namespace leat {

namespace asio = boost::asio;

template <class T>
using Handler = asio::any_completion_handler<void(Result<T>)>;

template <class Token, class T>
concept CompletionToken = asio::completion_token_for<Token, void(Result<T>)>;

/// Starts `object->start(args..., Handler<T>)`, keeping the object alive until then (asio::deferred may start it later).
template <class T, class Object, class Token, class Start, class... Args>
auto initiate(std::shared_ptr<Object> object, Token&& token, Start start, Args&&... args) {
  return asio::async_initiate<Token, void(Result<T>)>(
      [object = std::move(object), start](auto handler, auto... started_with) {
        start(*object, std::move(started_with)..., Handler<T>(std::move(handler)));
      },
      token, std::forward<Args>(args)...);
}

}  // namespace leat
