#include "client/src/core.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "protocol/base/assert.hpp"

namespace leat::client {
namespace {

/// Blocks of received bytes that nobody holds any more, kept for the next reads.
constexpr std::size_t kKeptBlockBytesMax = std::size_t{16} << 20;

ClientOptions sane(ClientOptions options) {
  constexpr std::chrono::milliseconds kNone(0);
  options.connect_timeout = std::clamp(options.connect_timeout, kNone, kTimeMax);
  options.request_timeout = std::clamp(options.request_timeout, kNone, kTimeMax);
  options.ping_interval = std::clamp(options.ping_interval, kNone, kTimeMax);
  return options;
}

Error closed_error() { return Error(Errc::closed, "the client was closed"); }

}  // namespace

Core::Core(std::shared_ptr<ExecutorGate> gate, ClientOptions options)
    : gate_(std::move(gate)),
      options_(sane(std::move(options))),
      blocks_(std::make_shared<BlockPool>(kKeptBlockBytesMax)),
      reconnect_timer_(gate_->own()),
      deadline_(gate_->own()),
      backoff_(options_.reconnect_backoff_min, options_.reconnect_backoff_max) {
  auto endpoint = parse_endpoint(options_.url);
  if (endpoint.has_value()) {
    endpoint_ = *std::move(endpoint);
  } else {
    misconfigured_ = std::move(endpoint).error();
  }
}

void Core::open() {
  post([self = shared_from_this()] {
    if (!self->closed_ && !self->misconfigured_) self->start_attempt();
  });
}

void Core::close() {
  post([self = shared_from_this()] { self->do_close(); });
}

void Core::assert_may_block() const {
  // A blocking call where the answer would be handled waits for itself.
  LEAT_ASSERT(!gate_->on_own_thread() && "a blocking call on the client's own thread");
}

void Core::start_attempt() {
  connection_ = std::make_shared<Connection>(
      executor(), ConnectionOptions{endpoint_, options_.client_name, options_.connect_timeout, options_.ping_interval}, blocks_,
      weak_from_this());
  connection_->start();
}

void Core::do_close() {
  if (std::exchange(closed_, true)) return;
  connected_.store(false, std::memory_order_release);
  if (connection_) connection_->close();
  reconnect_timer_.cancel();
  deadline_.cancel();
  publishing_.clear();
  publish_line_.clear();
  subscriptions_.clear();
  complete_waiters(closed_error());
  for (Request& request : requests_.take_all()) request.handler(closed_error());
  for_each_member(&Member::on_closed);
}

void Core::wait_connected(Completion<ServerInfo> waiter) {
  if (closed_) return waiter.post(closed_error());
  if (misconfigured_) return waiter.post(*misconfigured_);
  if (is_connected()) return waiter.post(server_);
  connect_waiters_.push_back(std::move(waiter));
}

void Core::complete_waiters(const Result<ServerInfo>& result) {
  for (auto& waiter : std::exchange(connect_waiters_, {})) waiter.post(result);
}

void Core::add_member(const std::shared_ptr<Member>& member) {
  if (closed_) return member->on_closed();
  std::erase_if(members_, [](const auto& known) { return known.expired(); });
  members_.push_back(member);
  if (is_connected()) member->on_connected();
}

void Core::for_each_member(void (Member::*tell)()) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (const auto member = members_[i].lock()) ((*member).*tell)();
  }
}

std::uint64_t Core::request(native::Message message, bool repeatable, ReplyHandler handler) {
  if (closed_ || misconfigured_) {
    handler(closed_ ? closed_error() : *misconfigured_);
    return 0;
  }
  const std::uint64_t correlation = next_correlation_++;
  const auto deadline = std::chrono::steady_clock::now() + options_.request_timeout;
  if (is_connected()) connection_->send(message, correlation);
  requests_.add(correlation, Request{std::move(message), repeatable, deadline, std::move(handler), is_connected()});
  flush();
  watch_deadlines();
  return correlation;
}

void Core::cancel_request(std::uint64_t correlation) {
  if (auto request = requests_.take(correlation)) request->handler(Error(Errc::cancelled));
}

void Core::watch_deadlines() {
  if (const auto earliest = requests_.earliest_deadline()) {
    deadline_.ring_at(*earliest, weak_from_this(), &Core::expire_requests);
  }
}

void Core::expire_requests() {
  for (Request& request : requests_.take_expired(std::chrono::steady_clock::now())) {
    if (request.sent) {
      request.handler(Error(Errc::timed_out, "no answer in " + std::to_string(options_.request_timeout.count()) + " ms"));
    } else {
      request.handler(Error(Errc::connection_failed, last_failure_ ? last_failure_->message() : "not connected in time"));
    }
  }
  if (!closed_) watch_deadlines();
}

void Core::route(const std::string& topic, RouteHandler handler) {
  if (const auto known = routes_.known(topic)) return handler(*known);
  if (const auto sound = check_topic_name(topic); sound.has_error()) return handler(sound.error());
  if (!routes_.wait(topic, std::move(handler))) return;
  request(native::DescribeTopic{topic}, true, [self = shared_from_this(), topic](Result<native::Message> message) {
    auto reply = expect_reply<native::TopicReply>(std::move(message));
    if (reply.has_error()) return self->routes_.answer(topic, std::move(reply).error());
    if (reply->topic.partitions.empty()) {
      return self->routes_.answer(topic, Error(Errc::malformed_frame, "a topic without partitions: " + topic));
    }
    self->routes_.answer(topic, TopicRoute{reply->topic.id, static_cast<std::int32_t>(reply->topic.partitions.size()),
                                           message_bytes_max(reply->topic)});
  });
}

bool Core::has_publish_room(std::size_t bytes) const {
  if (!publish_line_.empty() && !serving_line_) return false;
  return in_flight_bytes_ == 0 || in_flight_bytes_ + bytes <= in_flight_bytes_max_;
}

std::uint64_t Core::publish(const native::Publish& publish, SharedBytes batch, PublishHandler handler) {
  LEAT_ASSERT(is_connected());
  const std::uint64_t correlation = next_correlation_++;
  in_flight_bytes_ += batch.size();
  publishing_.emplace(correlation, Publishing{std::move(handler), batch.size()});
  connection_->send(publish, correlation, std::move(batch));
  return correlation;
}

std::optional<Core::Publishing> Core::take_publishing(std::uint64_t correlation) {
  auto node = publishing_.extract(correlation);
  if (node.empty()) return std::nullopt;
  in_flight_bytes_ -= node.mapped().bytes;
  return std::move(node.mapped());
}

void Core::forget_publish(std::uint64_t correlation) {
  const auto found = publishing_.find(correlation);
  if (found != publishing_.end()) found->second.handler = {};
}

void Core::serve_publish_line() {
  serving_line_ = true;
  while (!publish_line_.empty()) {
    const std::size_t in_flight_before = in_flight_bytes_;
    const std::size_t others = publish_line_.size() - 1;
    auto try_again = std::move(publish_line_.front());
    publish_line_.pop_front();
    try_again();
    if (publish_line_.size() == others || in_flight_bytes_ > in_flight_before) continue;
    // There was no room for any of it, so that it keeps its place.
    publish_line_.push_front(std::move(publish_line_.back()));
    publish_line_.pop_back();
    break;
  }
  serving_line_ = false;
}

std::uint32_t Core::add_subscription(std::shared_ptr<SubscriptionSink> sink) {
  const std::uint32_t subscription = next_subscription_++;
  subscriptions_.emplace(subscription, std::move(sink));
  return subscription;
}

void Core::grant_credit(std::uint32_t subscription, std::uint32_t bytes) {
  if (is_connected() && subscriptions_.contains(subscription)) connection_->send(native::Credit{subscription, bytes}, 0);
}

void Core::flush() {
  if (connection_) connection_->flush();
}

void Core::flush_soon() {
  if (std::exchange(flushes_soon_, true)) return;
  post([self = shared_from_this()] {
    self->flushes_soon_ = false;
    self->flush();
  });
}

void Core::on_open(const native::HelloReply& reply) {
  server_ = {reply.server_name, reply.server_version, reply.broker_id, reply.version};
  frame_bytes_max_ = reply.frame_bytes_max;
  in_flight_bytes_max_ = reply.in_flight_bytes_max;
  in_flight_bytes_ = 0;
  last_failure_.reset();
  backoff_.reset();
  connected_.store(true, std::memory_order_release);
  requests_.send_unsent(
      [&](std::uint64_t correlation, const native::Message& message) { connection_->send(message, correlation); });
  complete_waiters(server_);
  for_each_member(&Member::on_connected);
}

void Core::on_message(native::Decoded& decoded, const SharedBytes& payload) {
  if (const auto* deliver = std::get_if<native::Deliver>(&decoded.message)) {
    const auto found = subscriptions_.find(deliver->subscription);
    if (found != subscriptions_.end()) std::shared_ptr(found->second)->on_deliver(*deliver, payload);
  } else if (const auto* acks = std::get_if<native::PublishAcks>(&decoded.message)) {
    answer_publishes(*acks);
  } else if (const auto* ended = std::get_if<native::SubscriptionEnded>(&decoded.message)) {
    const auto found = subscriptions_.extract(ended->subscription);
    if (!found.empty()) found.mapped()->on_ended(*ended);
  } else {
    answer_request(decoded);
  }
}

void Core::answer_publishes(const native::PublishAcks& acks) {
  for (const native::PublishAck& ack : acks.acks) {
    auto publishing = take_publishing(ack.correlation);
    if (publishing && publishing->handler) publishing->handler(PublishOutcome{.ack = ack});
  }
}

void Core::answer_request(native::Decoded& decoded) {
  auto* error = std::get_if<native::ErrorReply>(&decoded.message);
  if (auto request = requests_.take(decoded.correlation)) {
    if (error != nullptr) return request->handler(Error(error->code, std::move(error->message)));
    return request->handler(std::move(decoded.message));
  }
  if (error == nullptr) return;
  if (auto publishing = take_publishing(decoded.correlation); publishing && publishing->handler) {
    publishing->handler(PublishOutcome{.error = Error(error->code, std::move(error->message)), .retriable = error->retriable});
  }
}

void Core::on_turn_end() {
  serve_publish_line();
  for_each_member(&Member::on_turn_end);
}

void Core::on_lost(const Error& error) {
  if (closed_) return;
  const bool was_connected = connected_.exchange(false, std::memory_order_acq_rel);
  last_failure_ = error;
  publishing_.clear();
  publish_line_.clear();
  subscriptions_.clear();
  in_flight_bytes_ = 0;
  reconnect_timer_.expires_after(backoff_.next(random_));
  reconnect_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
    const auto self = weak.lock();
    if (!problem && self && !self->closed_) self->start_attempt();
  });
  complete_waiters(error);
  if (!was_connected) return;
  for (Request& request : requests_.take_lost()) {
    request.handler(Error(Errc::connection_lost, "the outcome is unknown: " + error.context));
  }
  for_each_member(&Member::on_disconnected);
}

}  // namespace leat::client
