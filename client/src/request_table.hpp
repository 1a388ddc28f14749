#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "leat/detail/unique_function.hpp"
#include "protocol/base/result.hpp"
#include "protocol/native/messages.hpp"

namespace leat::client {

using ReplyHandler = UniqueFunction<void(Result<native::Message>)>;

/// A request from its being asked for until it is answered. An Error reply reaches the handler as an error.
struct Request {
  native::Message message;
  bool repeatable = false;  ///< doing it twice is as good as once, so it is sent again after a lost connection
  std::chrono::steady_clock::time_point deadline;
  ReplyHandler handler;
  bool sent = false;  ///< on the present connection
};

/// The unanswered requests by their correlation, which is also their order. Calls no handlers: it returns the requests that are
/// over. One thread.
class RequestTable {
 public:
  void add(std::uint64_t correlation, Request request) { requests_.emplace(correlation, std::move(request)); }
  std::optional<Request> take(std::uint64_t correlation);

  /// Those that the connection took with it. The repeatable ones stay, as unsent.
  std::vector<Request> take_lost();
  std::vector<Request> take_expired(std::chrono::steady_clock::time_point now);
  std::vector<Request> take_all();

  /// Calls send(correlation, message) for each unsent one.
  template <class Send>
  void send_unsent(Send send) {
    for (auto& [correlation, request] : requests_) {
      if (!request.sent) send(correlation, request.message);
      request.sent = true;
    }
  }
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> earliest_deadline() const;

 private:
  template <class Over>
  std::vector<Request> take_if(Over over);

  std::map<std::uint64_t, Request> requests_;
};

/// The reply as the type it has to have, malformed_frame for another.
template <class T>
Result<T> expect_reply(Result<native::Message> reply) {
  if (reply.has_error()) return std::move(reply).error();
  if (auto* expected = std::get_if<T>(&*reply)) return std::move(*expected);
  return Error(Errc::malformed_frame, "the broker's answer is not one to the request");
}

}  // namespace leat::client
