#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/src/backoff.hpp"
#include "client/src/core.hpp"
#include "client/src/feed.hpp"
#include "client/src/receive_buffer.hpp"

namespace leat::client {

/// Someone in async_next().
struct NextWaiter {
  explicit NextWaiter(Completion<RecordBatch> completion) : done(std::move(completion)) {}
  Completion<RecordBatch> done;
};

/// The half of a consumer that keeps its subscriptions: begins them, begins them again after a lost connection, grants credit.
/// The Consumer owns it; pending work on the core's executor keeps it alive. Everything but the first group is for that executor.
class ConsumerCore final : public Member, public std::enable_shared_from_this<ConsumerCore> {
 public:
  ConsumerCore(std::shared_ptr<Core> core, const ConsumerOptions& options);

  // Any thread.
  void open();
  void close();
  void next(Completion<RecordBatch> done);
  void unsubscribe(std::string_view topic);
  [[nodiscard]] Core& core() const { return *core_; }
  ReceiveBuffer& buffer() { return buffer_; }

  // Member.
  void on_connected() override;
  void on_disconnected() override;
  void on_turn_end() override { serve(); }
  void on_closed() override { do_close(); }

  // For Feed and SubscribeCall.
  [[nodiscard]] bool closed() const { return closed_; }
  /// Finds out where the feed begins and subscribes; `established` is called once, with how that went.
  void start(const FeedPtr& feed);
  void drop(const FeedPtr& feed);
  void delivered(const FeedPtr& feed, const native::Deliver& deliver, const SharedBytes& payload);
  void ended(const FeedPtr& feed, const native::SubscriptionEnded& ended);
  void serve();

 private:
  void subscribe(const FeedPtr& feed);
  void on_subscribed(const FeedPtr& feed, std::uint32_t subscription, Result<native::Message> message);
  void fail(const FeedPtr& feed, const Error& error);
  void retry_later();
  void grant(const FeedPtr& feed);
  void release_subscription(Feed& feed);
  void do_close();
  /// Runs on the core's executor, unless the consumer is gone by then.
  template <class Function>
  bool post(Function function);

  const std::shared_ptr<Core> core_;
  ReceiveBuffer buffer_;
  asio::steady_timer retry_timer_;
  Backoff backoff_;
  bool retrying_ = false;
  bool closed_ = false;
  std::vector<FeedPtr> feeds_;
  std::deque<std::shared_ptr<NextWaiter>> waiters_;
};

}  // namespace leat::client
