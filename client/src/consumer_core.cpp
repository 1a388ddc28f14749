#include "client/src/consumer_core.hpp"

#include <algorithm>
#include <utility>

namespace leat::client {
namespace {

/// The log's start may move on between asking for it and subscribing there.
constexpr int kEarliestAttemptsMax = 5;

native::ListOffsets offsets_request(const Feed& feed) {
  native::ListOffsets request{{feed.topic_id, feed.partition}, native::OffsetSpec::earliest, 0};
  if (feed.start.kind == StartPosition::Kind::latest) request.spec = native::OffsetSpec::latest;
  if (feed.start.kind == StartPosition::Kind::timestamp) {
    request.spec = native::OffsetSpec::timestamp;
    request.timestamp = feed.start.value;
  }
  return request;
}

}  // namespace

void Feed::on_deliver(const native::Deliver& deliver, const SharedBytes& payload) {
  if (const auto consumer = consumer_.lock()) consumer->delivered(shared_from_this(), deliver, payload);
}

void Feed::on_ended(const native::SubscriptionEnded& how) {
  if (const auto consumer = consumer_.lock()) consumer->ended(shared_from_this(), how);
}

ConsumerCore::ConsumerCore(std::shared_ptr<Core> core, const ConsumerOptions& options)
    : core_(std::move(core)),
      buffer_(options, {[this] { post([](ConsumerCore& self) { self.serve(); }); },
                        [this](const FeedPtr& feed) { post([feed](ConsumerCore& self) { self.grant(feed); }); },
                        [this](const FeedPtr& feed) { post([feed](ConsumerCore& self) { self.drop(feed); }); }}),
      retry_timer_(core_->executor()),
      backoff_(std::chrono::milliseconds(20), std::chrono::milliseconds(2'000)) {}

template <class Function>
bool ConsumerCore::post(Function function) {
  return core_->post([self = shared_from_this(), function = std::move(function)]() mutable { function(*self); });
}

void ConsumerCore::open() {
  post([](ConsumerCore& self) { self.core_->add_member(self.shared_from_this()); });
}

void ConsumerCore::close() {
  buffer_.close();
  post([](ConsumerCore& self) { self.do_close(); });
}

void ConsumerCore::do_close() {
  if (std::exchange(closed_, true)) return;
  buffer_.close();
  retry_timer_.cancel();
  for (const FeedPtr& feed : std::exchange(feeds_, {})) {
    release_subscription(*feed);
    if (feed->established) std::exchange(feed->established, {})(Error(Errc::closed, "the consumer was closed"));
  }
  core_->flush();
  serve();
}

void ConsumerCore::next(Completion<RecordBatch> done) {
  const auto waiter = std::make_shared<NextWaiter>(std::move(done));
  waiter->done.on_cancel([weak = weak_from_this(), weak_waiter = std::weak_ptr(waiter)] {
    const auto self = weak.lock();
    const auto waiting = weak_waiter.lock();
    if (!self || !waiting) return;
    self->post([waiting](ConsumerCore& core) {
      if (std::erase(core.waiters_, waiting) > 0) waiting->done.post(Error(Errc::cancelled));
    });
  });
  // A handler that asks for more waits already when more comes: what is received is decoded while it is in the processor's
  // caches.
  const bool begun = core_->dispatch([self = shared_from_this(), waiter] {
    self->waiters_.push_back(waiter);
    self->serve();
  });
  if (!begun) waiter->done.post(Core::gone());
}

void ConsumerCore::serve() {
  buffer_.await_ready(!waiters_.empty());
  while (!waiters_.empty()) {
    auto taken = buffer_.try_next();
    if (!taken) break;
    const auto waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter->done.post(*std::move(taken));
  }
}

void ConsumerCore::unsubscribe(std::string_view topic) {
  auto removed = buffer_.remove_topic(topic);
  if (removed.empty()) return;
  post([removed = std::move(removed)](ConsumerCore& self) {
    for (const FeedPtr& feed : removed) self.drop(feed);
  });
}

void ConsumerCore::on_connected() {
  for (const FeedPtr& feed : feeds_) subscribe(feed);
}

void ConsumerCore::on_disconnected() {
  for (const FeedPtr& feed : feeds_) feed->subscription = 0;
}

void ConsumerCore::start(const FeedPtr& feed) {
  if (std::find(feeds_.begin(), feeds_.end(), feed) == feeds_.end()) feeds_.push_back(feed);
  if (feed->start.kind == StartPosition::Kind::offset) {
    feed->next_receive = Offset(feed->start.value);
    feed->positioned = true;
    buffer_.begin_at(feed, feed->next_receive);
    return subscribe(feed);
  }
  core_->request(offsets_request(*feed), true, [self = shared_from_this(), feed](Result<native::Message> message) {
    auto reply = expect_reply<native::ListOffsetsReply>(std::move(message));
    if (!feed->established) return;
    if (reply.has_error()) return self->fail(feed, reply.error());
    feed->next_receive = reply->offset;
    feed->positioned = true;
    self->buffer_.begin_at(feed, reply->offset);
    self->subscribe(feed);
  });
}

void ConsumerCore::subscribe(const FeedPtr& feed) {
  if (closed_ || !core_->is_connected() || !feed->positioned || feed->subscription != 0) return;
  const std::uint32_t subscription = core_->add_subscription(feed);
  feed->subscription = subscription;
  const native::Subscribe request{
      subscription, {feed->topic_id, feed->partition}, feed->next_receive, buffer_.restart_credit(*feed)};
  core_->request(request, false, [self = shared_from_this(), feed, subscription](Result<native::Message> message) {
    self->on_subscribed(feed, subscription, std::move(message));
  });
}

void ConsumerCore::on_subscribed(const FeedPtr& feed, std::uint32_t subscription, Result<native::Message> message) {
  const auto reply = expect_reply<native::SubscribeReply>(std::move(message));
  if (closed_ || feed->subscription != subscription) return;
  if (reply.has_value()) {
    backoff_.reset();
    if (feed->established) std::exchange(feed->established, {})(ok());
    return;
  }
  const Error& error = reply.error();
  if (error.code == Errc::timed_out) {
    release_subscription(*feed);  // the broker may have begun it
  } else {
    core_->remove_subscription(subscription);
    feed->subscription = 0;
  }
  if (error.code == Errc::connection_lost) return;  // on_connected() goes on
  if (is_retriable(error.code)) return retry_later();
  if (error.code == Errc::offset_out_of_range && feed->established && feed->start.kind == StartPosition::Kind::earliest &&
      ++feed->attempts < kEarliestAttemptsMax) {
    feed->positioned = false;
    return start(feed);
  }
  fail(feed, error);
}

void ConsumerCore::fail(const FeedPtr& feed, const Error& error) {
  Error named(error.code, error.context.empty() ? feed->name() : feed->name() + ": " + error.context);
  if (feed->established) return std::exchange(feed->established, {})(std::move(named));
  std::erase(feeds_, feed);
  buffer_.end(feed, std::move(named));
  serve();
}

void ConsumerCore::retry_later() {
  if (std::exchange(retrying_, true)) return;
  retry_timer_.expires_after(backoff_.next(core_->random()));
  retry_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
    const auto self = weak.lock();
    if (problem || !self || self->closed_) return;
    self->retrying_ = false;
    self->on_connected();
  });
}

void ConsumerCore::delivered(const FeedPtr& feed, const native::Deliver& deliver, const SharedBytes& payload) {
  feed->next_receive = std::max(feed->next_receive, deliver.next_offset);
  if (!payload.empty()) buffer_.push(feed, Chunk{payload, deliver.next_offset, deliver.high_watermark});
}

void ConsumerCore::ended(const FeedPtr& feed, const native::SubscriptionEnded& how) {
  feed->subscription = 0;
  if (is_retriable(how.code)) return retry_later();
  fail(feed, Error(how.code, how.message));
}

void ConsumerCore::grant(const FeedPtr& feed) {
  const std::uint32_t bytes = buffer_.take_credit(*feed);
  if (closed_ || bytes == 0 || feed->subscription == 0) return;
  core_->grant_credit(feed->subscription, bytes);
  core_->flush_soon();
}

void ConsumerCore::drop(const FeedPtr& feed) {
  std::erase(feeds_, feed);
  buffer_.remove(feed);
  feed->established = {};
  release_subscription(*feed);
}

void ConsumerCore::release_subscription(Feed& feed) {
  const std::uint32_t subscription = std::exchange(feed.subscription, 0);
  if (subscription == 0) return;
  core_->remove_subscription(subscription);
  if (core_->is_connected()) core_->request(native::Unsubscribe{subscription}, false, [](const Result<native::Message>&) {});
}

}  // namespace leat::client
