#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/src/alarm.hpp"
#include "client/src/backoff.hpp"
#include "client/src/block_pool.hpp"
#include "client/src/completion.hpp"
#include "client/src/connection.hpp"
#include "client/src/executor_gate.hpp"
#include "client/src/request_table.hpp"
#include "client/src/topic_routes.hpp"
#include "leat/client.hpp"
#include "leat/detail/unique_function.hpp"
#include "protocol/base/random.hpp"
#include "protocol/native/messages.hpp"

namespace leat::client {

/// What a producer or consumer is told, on the core's executor.
class Member {
 public:
  virtual ~Member() = default;
  virtual void on_connected() = 0;
  /// What was published and not answered has an unknown outcome, and there are no subscriptions any more.
  virtual void on_disconnected() = 0;
  virtual void on_turn_end() = 0;
  virtual void on_closed() = 0;
};

/// Receives what a subscription brings, on the core's executor.
class SubscriptionSink {
 public:
  virtual ~SubscriptionSink() = default;
  virtual void on_deliver(const native::Deliver& deliver, const SharedBytes& payload) = 0;
  virtual void on_ended(const native::SubscriptionEnded& ended) = 0;
};

struct PublishOutcome {
  std::optional<Error> error;
  bool retriable = false;
  native::PublishAck ack;
};
using PublishHandler = UniqueFunction<void(PublishOutcome)>;

/// What a Client is made of: one connection at a time and everything that waits for something from it. Kept alive by the Client,
/// its producers, consumers and admins, and inert once closed. All members but the first group are for its own executor only,
/// which runs one handler at a time.
class Core final : public ConnectionListener, public std::enable_shared_from_this<Core> {
 public:
  Core(std::shared_ptr<ExecutorGate> gate, ClientOptions options);

  // Any thread.
  void open();
  void close();
  [[nodiscard]] bool is_connected() const { return connected_.load(std::memory_order_acquire); }
  [[nodiscard]] const asio::any_io_executor& executor() const { return gate_->own(); }
  [[nodiscard]] const asio::any_io_executor& handler_executor() const { return gate_->handlers(); }
  /// Has the function run on the core's executor. False when the client is gone: then nothing runs there any more, and who waits
  /// for the function is to be told gone().
  template <class Function>
  bool post(Function function) {
    return gate_->post(std::move(function));
  }
  /// The same, but within the call where that is the core's executor.
  template <class Function>
  bool dispatch(Function function) {
    return gate_->dispatch(std::move(function));
  }
  static Error gone() { return Error(Errc::closed, "the client is gone"); }
  void assert_may_block() const;
  [[nodiscard]] std::chrono::milliseconds request_timeout() const { return options_.request_timeout; }
  template <class T>
  Completion<T> completion(Handler<T> handler) const {
    return {std::move(handler), gate_};
  }

  // The core's executor.
  void wait_connected(Completion<ServerInfo> waiter);
  void add_member(const std::shared_ptr<Member>& member);

  /// The handler is called exactly once, at once when the core is closed.
  std::uint64_t request(native::Message message, bool repeatable, ReplyHandler handler);
  void cancel_request(std::uint64_t correlation);

  using RouteHandler = TopicRoutes::RouteHandler;
  /// A topic's id and partitions, from memory if they are known.
  void route(const std::string& topic, RouteHandler handler);
  void forget_route(const std::string& topic) { routes_.forget(topic); }

  /// Whether so many bytes more may be published without exceeding what the broker takes from one connection unacknowledged.
  [[nodiscard]] bool has_publish_room(std::size_t bytes) const;
  [[nodiscard]] std::size_t frame_bytes_max() const { return frame_bytes_max_; }
  /// Only while connected. The handler is called when the broker has answered; when the connection is lost first it is dropped.
  std::uint64_t publish(const native::Publish& publish, SharedBytes batch, PublishHandler handler);
  /// The handler is dropped; the bytes count until the broker has answered.
  void forget_publish(std::uint64_t correlation);
  /// For who found no room: `try_again` is called once when there may be some, in the order of the calls, and nobody who is not
  /// in this line has room meanwhile. The line is gone with the connection.
  void wait_for_publish_room(UniqueFunction<void()> try_again) { publish_line_.push_back(std::move(try_again)); }

  std::uint32_t add_subscription(std::shared_ptr<SubscriptionSink> sink);
  void remove_subscription(std::uint32_t subscription) { subscriptions_.erase(subscription); }
  void grant_credit(std::uint32_t subscription, std::uint32_t bytes);

  /// Has what was queued written.
  void flush();
  /// The same behind what waits for the executor now, once for all who ask meanwhile.
  void flush_soon();
  [[nodiscard]] bool closed() const { return closed_; }
  /// Why there is no connection; nothing while there is one.
  [[nodiscard]] const std::optional<Error>& last_failure() const { return last_failure_; }
  Random& random() { return random_; }

  // ConnectionListener.
  void on_open(const native::HelloReply& reply) override;
  void on_message(native::Decoded& decoded, const SharedBytes& payload) override;
  void on_turn_end() override;
  void on_lost(const Error& error) override;

 private:
  struct Publishing {
    PublishHandler handler;
    std::size_t bytes = 0;
  };

  void start_attempt();
  void do_close();
  void answer_request(native::Decoded& decoded);
  void answer_publishes(const native::PublishAcks& acks);
  std::optional<Publishing> take_publishing(std::uint64_t correlation);
  void serve_publish_line();
  void watch_deadlines();
  void expire_requests();
  void complete_waiters(const Result<ServerInfo>& result);
  void for_each_member(void (Member::*tell)());

  const std::shared_ptr<ExecutorGate> gate_;  // the first, so that the rest never outlives its executor
  const ClientOptions options_;
  std::optional<Error> misconfigured_;
  Endpoint endpoint_;
  SystemRandom random_;
  std::shared_ptr<BlockPool> blocks_;
  std::shared_ptr<Connection> connection_;
  asio::steady_timer reconnect_timer_;
  Alarm deadline_;
  Backoff backoff_;
  std::atomic<bool> connected_{false};
  bool closed_ = false;
  bool flushes_soon_ = false;
  std::optional<Error> last_failure_;
  ServerInfo server_;
  std::size_t frame_bytes_max_ = 0;
  std::size_t in_flight_bytes_max_ = 0;
  std::size_t in_flight_bytes_ = 0;
  std::uint64_t next_correlation_ = Connection::kFirstCorrelation;
  std::uint32_t next_subscription_ = 1;
  RequestTable requests_;
  TopicRoutes routes_;
  std::unordered_map<std::uint64_t, Publishing> publishing_;
  std::deque<UniqueFunction<void()>> publish_line_;
  bool serving_line_ = false;
  std::unordered_map<std::uint32_t, std::shared_ptr<SubscriptionSink>> subscriptions_;
  std::vector<Completion<ServerInfo>> connect_waiters_;
  std::vector<std::weak_ptr<Member>> members_;
};

}  // namespace leat::client
